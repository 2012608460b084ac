"""What people wrote about a version: at a moment of it, about an event, about a deliverable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database


@dataclass(frozen=True, slots=True)
class NoteFacts:
    """A note: by whom and when, what it says, and what it is about where it says so."""

    note_id: int
    who: str
    at: datetime
    text: str
    at_seconds: float | None
    event_id: str | None
    deliverable_id: int | None


class Notes(Database):
    """Notes of a version."""

    def notes(self, version_id: int) -> list[NoteFacts]:
        """Every note of a version, the latest first."""
        with self.read() as session:
            return notes_about(session, version_id=version_id)


def notes_about(session: Session, **which: int) -> list[NoteFacts]:
    """The notes with this ``version_id`` or ``deliverable_id``, the latest first."""
    return [
        NoteFacts(row.id, row.who, row.at, row.text, row.at_seconds, row.event_id, row.deliverable_id)
        for row in session.scalars(select(m.Note).filter_by(**which).order_by(m.Note.id.desc()))
    ]


def add_note(
    session: Session,
    version_id: int,
    *,
    who: str,
    text: str,
    deliverable_id: int | None = None,
    event_id: str | None = None,
    at_seconds: float | None = None,
) -> int:
    """Write a note about a version, a deliverable, an event or a moment; returns its id."""
    row = m.Note(
        version_id=version_id,
        deliverable_id=deliverable_id,
        event_id=event_id,
        at_seconds=at_seconds,
        who=who,
        text=text,
    )
    session.add(row)
    session.flush()
    return row.id
