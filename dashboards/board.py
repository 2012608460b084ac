"""What the board asks for and shows, for its page and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, get_args

from fastapi import Depends, Query

from dashboards.clock import today
from db.board import OPEN, STOPPED, BoardQuery, BoardSlot, BoardTitle

Due = Literal["", "overdue", "week", "month"]
_DAYS = {"overdue": 0, "week": 7, "month": 31}
State = Literal[
    "", "missing", "running", "stopped", "candidate", "failed", "approved", "delivered", "rejected", "stale"
]  # fmt: skip
STATES = tuple(state for state in get_args(State) if state)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, as it was said and as the catalog takes it."""

    due: Due
    query: BoardQuery


def asked(
    search: Annotated[str, Query(max_length=100, description="Part of a title's name or id.")] = "",
    state: Annotated[State, Query(description="A slot's state; or running, stopped, stale.")] = "",
    language: Annotated[str, Query(max_length=40, description="BCP-47.")] = "",
    spec: Annotated[str, Query(max_length=60)] = "",
    due: Annotated[Due, Query(description="Before today, within a week, within a month.")] = "",
    sort: Literal["due", "name", "changed"] = "due",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Asked:
    """The dependency of whoever shows the board."""
    before = today() + timedelta(days=_DAYS[due]) if due else None
    return Asked(
        due,
        BoardQuery(
            search=_sound(search),
            state=state,
            language=_sound(language),
            spec=_sound(spec),
            due_before=before,
            sort=sort,
            page=page,
            size=size,
        ),
    )


AskedFor = Annotated[Asked, Depends(asked)]


def shown_state(slot: BoardSlot, title: BoardTitle, waiting: frozenset[str]) -> str:
    """A slot's state in the board's words: one that is not made yet tells what its title does."""
    if slot.state != "missing":
        return slot.state
    if title.run is not None and title.run.state == "running":
        return "running"
    if title.slug in waiting:
        return "queued"
    return "stopped" if title.run is not None and title.run.state in STOPPED else "missing"


def is_late(title: BoardTitle) -> bool:
    """Whether something that is shown was due before today, and nobody has approved it."""
    return any(slot.due is not None and slot.due < today() and slot.state in OPEN for slot in title.slots)


def _sound(words: str) -> str:
    """Without what PostgreSQL refuses in text."""
    return words.replace("\x00", "")
