"""What cleaning did, event by event, and how exactly it adds up."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dubline.vocalization.decide import Decision
from dubline.vocalization.events import LABELS, Event


@dataclass(frozen=True, slots=True)
class Treatment:
    """One event and what was done. ``reduction_db`` is how much its channels lost in its region, before filling.

    ``decision`` says who wanted it so, and why.
    """

    event: Event
    method: str
    reduction_db: float | None
    decision: Decision

    def to_json(self) -> dict[str, Any]:
        """The event's fields, the treatment's and the decision's, flat."""
        treatment = {"method": self.method, "reduction_db": self.reduction_db}
        return self.event.to_json() | treatment | self.decision.to_json()


@dataclass(frozen=True, slots=True)
class CleanReport:
    """``null_error_dbfs`` is the largest sample of M&E (before filling) + OPT + DX guide minus its whole; None for 0.

    ``filled_seconds`` counts events that got room tone, ``attenuated_seconds`` those for which there was none.
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

    @property
    def events(self) -> list[Event]:
        """The events with the disposition and action they got."""
        return [treatment.event for treatment in self.treatments]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        body = asdict(self)
        body["counts"] = counts(self.events)
        body["treatments"] = [treatment.to_json() for treatment in self.treatments]
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
