"""What people wrote about a version: at a moment of it, about an event, about a deliverable."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

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
        query = select(m.Note).filter_by(version_id=version_id).order_by(m.Note.id.desc())
        with self.read() as session:
            return [
                NoteFacts(row.id, row.who, row.at, row.text, row.at_seconds, row.event_id, row.deliverable_id)
                for row in session.scalars(query)
            ]
