"""A run's events: what was decided about each, by whom, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.desk import Desk
from dashboards.title.documents import read_json
from db.stages import StageMade

_SHOWN = (
    "id", "start_seconds", "end_seconds", "channels", "label", "score", "level_db", "disposition", "action", "stem",
    "method", "why", "decided_by", "reason", "edited", "reduction_db", "rebuild", "heard_as", "detected",
)  # fmt: skip
# Who speaks for events that came to light while others were taken out.
VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class EventsOfARun:
    """``events`` with what was done, and those that an edit ``dropped``; the M&E's channels."""

    events: list[dict[str, Any]]
    dropped: list[dict[str, Any]]
    remaining: int
    layout: str

    def find(self, event_id: str) -> dict[str, Any] | None:
        """The event of this id, dropped or not."""
        return next((one for one in (*self.events, *self.dropped) if one["id"] == event_id), None)


NO_EVENTS = EventsOfARun([], [], 0, "stereo")


def events_of(desk: Desk, made: Sequence[StageMade]) -> EventsOfARun:
    """The events of the cleaning among the steps of a run; none where there was no cleaning."""
    step = next((step for step in made if step.stage == "clean"), None)
    if step is None:
        return NO_EVENTS
    report = read_json(desk, step.outputs["report"])
    return EventsOfARun(
        events=[_row(one) for one in report["treatments"]],
        dropped=[_row(one) for one in report["edits"]["dropped"]],
        remaining=len(report["remaining"]),
        layout=report["layout"],
    )


def _row(treatment: dict[str, Any]) -> dict[str, Any]:
    return {name: treatment.get(name) for name in _SHOWN}
