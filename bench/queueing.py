"""A studio as a queueing model: titles, the workers that hold one each, and the GPUs that take their parts.

What is modelled is what the flows do (flows/localize.py, flows/pool.py): a title keeps one worker from its start to its
end; its separation goes, part by part, to the GPUs, in as many shares as there are GPUs, and the worker waits for them.
What waits is taken by priority, then by age.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Title:
    """One title's work in seconds: on its worker before and after separation, and of each part on a GPU.

    ``priority`` counts from 0, the most urgent; ``arrives`` is in seconds.
    """

    before: float
    parts: tuple[float, ...]
    after: float
    priority: int = 0
    arrives: float = 0.0


@dataclass(slots=True)
class Pool:
    """Servers that are free, who waits for one (priority, age, title, seconds), and how long they have worked."""

    free: int
    waiting: list[tuple[int, int, int, float]] = field(default_factory=list)
    busy: float = 0.0

    def served(self) -> Iterator[tuple[int, float]]:
        """Who gets a server now, the most urgent first; title and seconds."""
        while self.free and self.waiting:
            self.free -= 1
            _, _, number, seconds = heapq.heappop(self.waiting)
            self.busy += seconds
            yield number, seconds


@dataclass(frozen=True, slots=True)
class Night:
    """What came of it, in seconds: when the last title ended; work by pool; how long workers waited for GPUs; and from
    each title's arrival until it was begun, and until it was done."""

    seconds: float
    worker_seconds: float
    waiting_seconds: float
    gpu_seconds: float
    queued: list[float]
    turned_round: list[float]


def simulate(titles: Sequence[Title], *, workers: int, gpus: int, share_start: float = 0.0) -> Night:
    """Run ``titles`` through a studio of at least one worker and one GPU.

    A share costs its GPU ``share_start`` seconds before its first part.
    """
    return _Studio(titles, workers=workers, gpus=gpus, share_start=share_start).run()


def shares_of(parts: Sequence[float], gpus: int) -> list[float]:
    """Seconds of each share of consecutive parts, as even in number as can be (flows.pool.share_out)."""
    count = min(gpus, len(parts))
    edges = [k * len(parts) // count for k in range(count + 1)]
    return [sum(parts[start:stop]) for start, stop in itertools.pairwise(edges)]


class _Studio:
    def __init__(self, titles: Sequence[Title], *, workers: int, gpus: int, share_start: float) -> None:
        self._titles, self._count, self._share_start = titles, gpus, share_start
        self._workers, self._gpus = Pool(workers), Pool(gpus)
        self._clock, self._waited = 0.0, 0.0
        self._begun, self._ended = [0.0] * len(titles), [0.0] * len(titles)
        self._shares, self._prepared = [0] * len(titles), [0.0] * len(titles)
        self._turn = itertools.count()
        # When, which came first, what happens, and to which title.
        self._events: list[tuple[float, int, str, int]] = []

    def run(self) -> Night:
        for number, title in enumerate(self._titles):
            self._at(title.arrives, "arrived", number)
        while self._events:
            self._clock, _, what, number = heapq.heappop(self._events)
            getattr(self, f"_{what}")(number)
            for one, _ in self._workers.served():
                self._begun[one] = self._clock
                self._at(self._clock + self._titles[one].before, "separate", one)
            for one, seconds in self._gpus.served():
                self._at(self._clock + seconds, "share_done", one)
        arrived = [title.arrives for title in self._titles]
        return Night(
            seconds=self._clock,
            worker_seconds=self._workers.busy,
            waiting_seconds=self._waited,
            gpu_seconds=self._gpus.busy,
            queued=[begun - at for begun, at in zip(self._begun, arrived, strict=True)],
            turned_round=[ended - at for ended, at in zip(self._ended, arrived, strict=True)],
        )

    def _arrived(self, number: int) -> None:
        title = self._titles[number]
        self._wait(self._workers, number, title.before + title.after)

    def _separate(self, number: int) -> None:
        shares = shares_of(self._titles[number].parts, self._count)
        self._shares[number], self._prepared[number] = len(shares), self._clock
        for seconds in shares:
            self._wait(self._gpus, number, self._share_start + seconds)

    def _share_done(self, number: int) -> None:
        self._gpus.free += 1
        self._shares[number] -= 1
        if not self._shares[number]:
            self._waited += self._clock - self._prepared[number]
            self._at(self._clock + self._titles[number].after, "delivered", number)

    def _delivered(self, number: int) -> None:
        self._workers.free += 1
        self._ended[number] = self._clock

    def _at(self, when: float, what: str, number: int) -> None:
        heapq.heappush(self._events, (when, next(self._turn), what, number))

    def _wait(self, pool: Pool, number: int, seconds: float) -> None:
        heapq.heappush(pool.waiting, (self._titles[number].priority, next(self._turn), number, seconds))
