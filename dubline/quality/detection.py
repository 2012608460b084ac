"""Found events beside the true ones: how many were found, named rightly, and made up.

Events are matched by intersection (Bilen et al., "A framework for the robust evaluation of sound event detection",
ICASSP 2020): a true event is found when the found ones cover half of it, a found one is false when less than half of
it lies in true ones. Only events that share a channel and the stem meet.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dubline.vocalization.events import LABELS, Event, Label
from dubline.vocalization.hysteresis import join

# Both criteria of the source: how much of a true event must be covered, and of a found one be true.
SHARE = 0.5
# Levels over the background in dB that recall is asked for: name, lowest, the one above the highest.
BANDS: tuple[tuple[str, float, float], ...] = (
    ("-6 dB and louder", -6.0, math.inf),
    ("-12 to -6 dB", -12.0, -6.0),
)
MISSED = NOTHING = len(LABELS)

Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Item:
    """A recording of ``seconds``, the events that are in it and those that were found.

    The ``level_db`` of a true event is what the recall of its band is counted by.
    """

    true: tuple[Event, ...]
    found: tuple[Event, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Match:
    """A true event: what share of it found events cover, of any label and of its own, and as which label most."""

    true: Event
    covered: float
    named: float
    label: Label | None

    @property
    def is_found(self) -> bool:
        """Whether enough of it was found, as whatever."""
        return self.covered >= SHARE

    @property
    def is_named(self) -> bool:
        """Whether enough of it was found as what it is."""
        return self.named >= SHARE


def matches(true: Sequence[Event], found: Sequence[Event]) -> list[Match]:
    """What became of each of ``true``."""
    return [_match(event, [one for one in found if _meet(event, one)]) for event in true]


def false_events(true: Sequence[Event], found: Sequence[Event]) -> list[Event]:
    """Those of ``found`` that lie outside of ``true`` for the most part."""
    return [one for one in found if _covered(one, [event for event in true if _meet(event, one)]) < SHARE]


@dataclass(frozen=True, slots=True)
class Recall:
    """How many events there were, and how many were found and named."""

    events: int
    found: int
    named: int

    def to_json(self) -> dict[str, Any]:
        """Counts and shares; a share of no events is null."""
        shares = {"found_share": _share(self.found, self.events), "named_share": _share(self.named, self.events)}
        return {"events": self.events, "found": self.found, "named": self.named} | shares


@dataclass(frozen=True, slots=True)
class DetectionScores:
    """``false``: false events by label in ``seconds``; ``confusion``: (labels + 1, labels + 1) counts of events.

    A row of ``confusion`` is a true label, its last row what was no event; a column is the label found, its last one
    what was missed.
    """

    matches: tuple[Match, ...]
    false: dict[Label, int]
    confusion: npt.NDArray[np.int64]
    seconds: float

    @property
    def false_per_hour(self) -> float | None:
        """False events of all labels in an hour; None of no time at all."""
        return sum(self.false.values()) / self.seconds * 3600.0 if self.seconds else None

    def recall(self, label: Label, *, lowest_db: float = -math.inf, below_db: float = math.inf) -> Recall:
        """Recall of the true events of ``label`` whose level is at least ``lowest_db`` and under ``below_db``."""
        asked = [one for one in self.matches if one.true.label == label and lowest_db <= one.true.level_db < below_db]
        return Recall(len(asked), sum(one.is_found for one in asked), sum(one.is_named for one in asked))

    def to_json(self) -> dict[str, Any]:
        """Recall by label and band of level, false events, confusion."""
        return {
            "recall": {
                name: {label: self.recall(label, lowest_db=low, below_db=high).to_json() for label in LABELS}
                for name, low, high in BANDS
            },
            "hours": self.seconds / 3600.0,
            "false_events": dict(self.false),
            "false_per_hour": self.false_per_hour,
            "confusion": {
                "true": [*LABELS, "nothing"],
                "found": [*LABELS, "missed"],
                "counts": self.confusion.tolist(),
            },
        }


def score(items: Iterable[Item]) -> DetectionScores:
    """All of ``items`` together."""
    matched: list[Match] = []
    false = dict.fromkeys(LABELS, 0)
    confusion = np.zeros((len(LABELS) + 1, len(LABELS) + 1), np.int64)
    seconds = 0.0
    for item in items:
        for match in matches(item.true, item.found):
            matched.append(match)
            column = LABELS.index(match.label) if match.is_found and match.label else MISSED
            confusion[LABELS.index(match.true.label), column] += 1
        for event in false_events(item.true, item.found):
            false[event.label] += 1
            confusion[NOTHING, LABELS.index(event.label)] += 1
        seconds += item.seconds
    return DetectionScores(tuple(matched), false, confusion, seconds)


def table(scores: DetectionScores) -> str:
    """The figures as Markdown: recall by label, false events beside it."""
    head = " | ".join(f"{name}: found | named" for name, _, _ in BANDS)
    lines = [f"| label | {head} | false events |", "|---|" + "---|" * (2 * len(BANDS) + 1)]
    for label in LABELS:
        each = [scores.recall(label, lowest_db=low, below_db=high) for _, low, high in BANDS]
        shares = " | ".join(f"{_percent(one.found, one.events)} | {_percent(one.named, one.events)}" for one in each)
        lines.append(f"| {label} | {shares} | {scores.false[label]} |")
    rate = scores.false_per_hour
    said = "none, for no time was heard" if rate is None else f"{rate:.1f} in {scores.seconds / 3600.0:.2f} h"
    return "\n".join([*lines, "", f"False events per hour: {said}", ""])


def _match(true: Event, found: list[Event]) -> Match:
    by_label = {label: _covered(true, [one for one in found if one.label == label]) for label in LABELS}
    # Where two labels cover the same share, the true one is given the benefit.
    label = max(LABELS, key=lambda one: (by_label[one], one == true.label))
    return Match(true, _covered(true, found), by_label[true.label], label if by_label[label] > 0.0 else None)


def _covered(event: Event, others: list[Event]) -> float:
    """The share of ``event`` that lies in one of ``others`` at least."""
    spans: Spans = [
        (max(one.start_seconds, event.start_seconds), min(one.end_seconds, event.end_seconds)) for one in others
    ]
    held = join([span for span in spans if span[1] > span[0]], gap=0.0)
    return math.fsum(end - start for start, end in held) / event.seconds


def _meet(one: Event, other: Event) -> bool:
    return one.stem == other.stem and not set(one.channels).isdisjoint(other.channels)


def _share(count: int, events: int) -> float | None:
    return count / events if events else None


def _percent(count: int, events: int) -> str:
    return f"{100.0 * count / events:.1f} % of {events}" if events else "none"
