"""What cleaning did, event by event, what is still heard after it, and how exactly it adds up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dubline.repair.candidate import decibels
from dubline.repair.worked import Attempt, Worked
from dubline.vocalization.decide import Decision
from dubline.vocalization.events import LABELS, Event


@dataclass(frozen=True, slots=True)
class Treatment:
    """One event and what was done; ``worked`` is None where nothing was, or nothing but moving it to another track.

    ``decision`` says who wanted it so, and why.
    """

    event: Event
    method: str
    decision: Decision
    worked: Worked | None
    rate: int

    @property
    def reduction_db(self) -> float | None:
        """How much the event's channels lost in its scenes, before filling."""
        if self.worked is None:
            return None
        before, after = self.worked.energy
        return round(-decibels(after / before), 2) if before > 0.0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """The event's fields, the treatment's and the decision's, flat; times in seconds, scores 0 to 1.

        ``score_before`` and ``score_after`` are the detector's in the event, ``threshold`` is where it hears a voice;
        ``residual_db`` is the voice's energy left of what it was, an estimate, as it is in ``candidates``.
        """
        body = {"method": self.method, "reduction_db": self.reduction_db, "why": _why(self)}
        return self.event.to_json() | body | _work_json(self.worked, self.rate) | self.decision.to_json()


@dataclass(frozen=True, slots=True)
class CleanReport:
    """``null_error_dbfs`` is the largest sample of M&E (before filling) + OPT + DX guide minus its whole; None for 0.

    ``filled_seconds`` counts events that got a rebuilt background, ``attenuated_seconds`` those for which there was
    nothing to build it from. ``remaining`` is what detection still finds in the filled M&E where events were taken
    out; ``untouched`` counts what it finds elsewhere, such as what the policy keeps.
    """

    policy: str | None
    treatments: tuple[Treatment, ...]
    removed_seconds: float
    optional_seconds: float
    filled_seconds: float
    attenuated_seconds: float
    null_error_dbfs: float | None
    rate: int
    layout: str
    frames: int
    parameters: dict[str, float]
    edits: dict[str, Any]
    remaining: tuple[Event, ...]
    untouched: int

    @property
    def events(self) -> list[Event]:
        """The events with the disposition and action they got."""
        return [treatment.event for treatment in self.treatments]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        body = asdict(self)
        body["counts"] = counts(self.events)
        body["treatments"] = [treatment.to_json() for treatment in self.treatments]
        body["remaining"] = [event.to_json() for event in self.remaining]
        return body

    def save(self, path: Path) -> None:
        """Write as JSON; the same report gives the same bytes."""
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n", encoding="utf-8")


def counts(events: Sequence[Event]) -> dict[str, dict[str, int]]:
    """Per label and disposition, how many events; labels and dispositions that do not occur are left out."""
    found: dict[str, dict[str, int]] = {}
    for label in LABELS:
        for event in events:
            if event.label == label:
                row = found.setdefault(label, {})
                row[event.disposition] = row.get(event.disposition, 0) + 1
    return found


def _work_json(worked: Worked | None, rate: int) -> dict[str, Any]:
    """The fields of what was done, all there whatever was."""
    if worked is None:
        scores = ("score_before", "score_after", "threshold", "heard_as", "residual_db")
        return dict.fromkeys(("from_seconds", "to_seconds", "rebuild", *scores)) | {"candidates": []}
    chosen = [attempt for attempt in worked.attempts.values() if attempt.chosen]
    return {
        "from_seconds": worked.start / rate,
        "to_seconds": worked.end / rate,
        "rebuild": " and ".join(worked.rebuilt) or None,
        "score_before": worked.before.score,
        "score_after": worked.after.score,
        "threshold": worked.after.threshold,
        "heard_as": worked.after.label if worked.after.is_voice else None,
        "residual_db": round(max(attempt.residual_db for attempt in chosen), 2),
        "candidates": [_attempt_json(attempt) for attempt in worked.attempts.values()],
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "method": attempt.method,
        "score": attempt.heard.score,
        "label": attempt.heard.label,
        "residual_db": round(attempt.residual_db, 2),
        "kept": round(attempt.kept, 3),
        "chosen": attempt.chosen,
    }


def _why(treatment: Treatment) -> str:
    """In words, why this method."""
    worked = treatment.worked
    if worked is None:
        return "it stays" if treatment.method == "none" else "it goes from the DX guide to OPT as it is"
    failed = [one for one in worked.attempts.values() if one.heard.is_voice]
    after = "; ".join(f"{one.heard.label} was still heard after {one.method}" for one in failed)
    if worked.after.is_voice:
        return f"{after}: of what was tried, least is heard with this"
    first = "the least invasive method that leaves no voice and enough background"
    return f"{after}: {first} of the rest" if after else first
