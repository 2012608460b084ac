"""What was done to each event, gathered from the scenes it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from dubline.audio.wav import Block
from dubline.repair.again import Hint
from dubline.repair.choose_removal import Cleaned
from dubline.repair.scene import Scene


@dataclass(slots=True)
class Attempt:
    """One method tried on an event: what was heard after it, the voice left and the background kept, estimated.

    Of an event worked in pieces, the worst of them.
    """

    method: str
    heard: Hint
    residual_db: float
    kept: float
    chosen: bool

    def add(self, other: Attempt) -> None:
        """The same method in the next piece."""
        self.heard = loudest((self.heard, other.heard))
        self.residual_db = max(self.residual_db, other.residual_db)
        self.kept = min(self.kept, other.kept)
        self.chosen = self.chosen or other.chosen


@dataclass(slots=True)
class Worked:
    """One event: energy of its scenes before and after removal, before filling; attempts by method, in order."""

    start: int
    end: int
    before: Hint
    after: Hint
    energy: list[float] = field(default_factory=lambda: [0.0, 0.0])
    attempts: dict[str, Attempt] = field(default_factory=dict)
    rebuilt: list[str] = field(default_factory=list)
    filled: bool = False


@dataclass(slots=True)
class Log:
    """What was done, by the event's number."""

    events: dict[int, Worked] = field(default_factory=dict)

    def masked(self) -> frozenset[int]:
        """The events of which something was let stay."""
        return frozenset(
            event
            for event, worked in self.events.items()
            if any(attempt.chosen and attempt.kept > 0.0 for attempt in worked.attempts.values())
        )

    def forget(self, events: Iterable[int]) -> None:
        """What was done to ``events``: it is done again."""
        for event in events:
            self.events.pop(event, None)

    def add(self, scene: Scene, cleaned: Cleaned) -> None:
        """Take down what became of the events of ``scene``."""
        energy = [_energy(scene.me), _energy(scene.me - cleaned.voice)]
        for event, after in cleaned.chosen.heard.items():
            before = cleaned.before[event]
            worked = self.events.setdefault(event, Worked(scene.start, scene.end, before, after))
            worked.end = max(worked.end, scene.end)
            worked.before = loudest((worked.before, before))
            worked.after = loudest((worked.after, after))
            worked.energy = [a + b for a, b in zip(worked.energy, energy, strict=True)]
            worked.filled = worked.filled or bool(cleaned.fill.any())
            if cleaned.rebuilt is not None and cleaned.rebuilt not in worked.rebuilt:
                worked.rebuilt.append(cleaned.rebuilt)
            for tried in cleaned.tried:
                offer = tried.candidate
                attempt = Attempt(
                    offer.method, tried.heard[event], offer.residual_db, offer.kept, tried is cleaned.chosen
                )
                if offer.method in worked.attempts:
                    worked.attempts[offer.method].add(attempt)
                else:
                    worked.attempts[offer.method] = attempt


def loudest(hints: Iterable[Hint]) -> Hint:
    """The one most like a voice."""
    return max(hints, key=lambda hint: hint.score / hint.threshold)


def _energy(samples: Block) -> float:
    return float(np.square(samples, dtype=np.float64).sum())
