"""Faults under load: one after another, first each in turn and then at random, and what became of the studio."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from bench.night.faults import Fault
from bench.night.studio import Studio, heard_of, say
from bench.night.titles import at_work, have_ended

_QUIET_SECONDS = (5.0, 20.0)
# After so long without the titles of a fault having ended, the next one strikes all the same.
_RECOVERY_SECONDS = 900.0


@dataclass(slots=True)
class Strike:
    """A fault that struck: whom, when, which titles' runs were at work; seconds until all was back, and they ended.

    The seconds count from when the fault was over; None where that was not seen.
    """

    fault: Fault
    hit: str
    at: datetime
    over: datetime
    titles: Sequence[UUID]
    back_seconds: float | None = None
    ended_seconds: float | None = None


@dataclass(slots=True)
class Storm:
    """The faults of one night."""

    studio: Studio
    faults: Sequence[Fault]
    seed: int
    strikes: list[Strike] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    standing: bool = False
    _course: Generator[None] = field(init=False)

    def __post_init__(self) -> None:
        self._course = self._pass_over()

    def go_on(self) -> None:
        """Strike, or wait, for a moment; to be called every second or so."""
        next(self._course)

    @property
    def spared(self) -> list[str]:
        """The faults that had no turn before the night was over."""
        return [fault.name for fault in self.faults[len(self.strikes) + len(self.missed) :]]

    def end(self) -> None:
        """Leave no fault standing."""
        self._course.close()

    def _pass_over(self) -> Generator[None]:
        dice = random.Random(self.seed)
        for fault in _each_then_any(self.faults, dice):
            yield from _for(dice.uniform(*_QUIET_SECONDS))
            while not (titles := at_work()):
                yield
            began = datetime.now(UTC)
            try:
                self.standing = True
                with fault.strike(self.studio, dice) as hit:
                    say(f"FAULT {fault.name}: {hit}; {len(titles)} titles at work")
                    yield from _for(fault.seconds)
            except Exception as error:  # the night is to end, and its table to be written, whatever happens here
                say(f"FAULT {fault.name}: not met, {error}")
                self.missed.append(f"{fault.name}: {type(error).__name__} {error}")
                continue
            finally:
                self.standing = False
            strike = Strike(fault, hit, began, datetime.now(UTC), titles)
            self.strikes.append(strike)
            yield from self._recover(strike)

    def _recover(self, strike: Strike) -> Iterator[None]:
        """Until everything is back and the titles that were at work have ended."""
        began, since = time.monotonic(), time.time()
        while (passed := time.monotonic() - began) < _RECOVERY_SECONDS:
            if strike.back_seconds is None and self._is_back(strike, since):
                strike.back_seconds = passed
                say(f"      all processes are back after {passed:.0f} s")
            if strike.ended_seconds is None and have_ended(strike.titles):
                strike.ended_seconds = passed
                say(f"      the titles that were at work have ended after {passed:.0f} s")
            if strike.back_seconds is not None and strike.ended_seconds is not None:
                return
            yield
        say(f"      not recovered within {_RECOVERY_SECONDS:.0f} s")

    def _is_back(self, strike: Strike, since: float) -> bool:
        """The server answers, and every worker that was started again was heard of since."""
        pieces = [self.studio.server, *self.studio.workers]
        if any(piece.process is None or piece.process.poll() is not None for piece in pieces):
            return False
        heard = heard_of([worker.name for worker in self.studio.workers])
        return bool(heard) and all(
            heard.get(worker.name, 0.0) > since for worker in self.studio.workers if worker.name in strike.hit
        )


def _each_then_any(faults: Sequence[Fault], dice: random.Random) -> Iterator[Fault]:
    yield from faults
    while True:
        yield dice.choice(faults)


def _for(seconds: float) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
