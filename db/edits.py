"""What people at the review desk say about a version's events: kept for good, in force until withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.errors import Conflict, NotFound
from db.models.base import now
from db.recipes import plain


@dataclass(frozen=True, slots=True)
class EditFacts:
    """One edit: its kind (change, drop, add), the event it is about (None for one drawn), and what it says."""

    edit_id: int
    kind: str
    event_id: str | None
    body: dict[str, Any]
    note: str | None
    who: str
    at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: str | None

    @property
    def stands(self) -> bool:
        """Whether it is in force."""
        return self.withdrawn_at is None

    def said(self) -> dict[str, Any]:
        """The edit as an edits file has it."""
        named = {} if self.event_id is None else {"event": self.event_id}
        return {"do": self.kind, **named, **self.body, "who": self.who, "note": self.note or ""}


class Edits(Database):
    """Corrections of events."""

    def edits(self, version_id: int, *, standing: bool = False) -> list[EditFacts]:
        """All edits of a version, or those in force, oldest first."""
        query = select(m.EventEdit).filter_by(version_id=version_id).order_by(m.EventEdit.id)
        if standing:
            query = query.where(m.EventEdit.withdrawn_at.is_(None))
        with self.read() as session:
            return [_facts(row) for row in session.scalars(query)]


def add_edit(
    session: Session,
    version_id: int,
    *,
    kind: str,
    event_id: str | None,
    body: Mapping[str, Any],
    note: str | None,
    who: str,
) -> EditFacts:
    """Write an edit in the caller's transaction; one in force about the same event gives way to it."""
    _one_by_one(session, version_id)
    if event_id is not None:
        standing = select(m.EventEdit).filter_by(version_id=version_id, event_id=event_id, withdrawn_at=None)
        for row in session.scalars(standing):
            row.withdrawn_at, row.withdrawn_by = now(), who
    row = m.EventEdit(
        version_id=version_id, kind=kind, event_id=event_id, body=plain(dict(body)), note=note or None, who=who
    )
    session.add(row)
    session.flush()
    return _facts(row)


def withdraw_edit(session: Session, version_id: int, edit_id: int, *, who: str) -> None:
    """Withdraw an edit in the caller's transaction; raises NotFound, and Conflict for one withdrawn before."""
    _one_by_one(session, version_id)
    row = session.get(m.EventEdit, edit_id)
    if row is None or row.version_id != version_id:
        raise NotFound("no such edit of this version", str(edit_id), "list the version's edits")
    if row.withdrawn_at is not None:
        raise Conflict("this edit was taken back already", f"by {row.withdrawn_by}", "load the page again")
    row.withdrawn_at, row.withdrawn_by = now(), who


def _one_by_one(session: Session, version_id: int) -> None:
    """Two who speak of one event at once would both stand: the version's row lets them in one by one."""
    session.get_one(m.Version, version_id, with_for_update={"key_share": True})


def _facts(row: m.EventEdit) -> EditFacts:
    return EditFacts(
        edit_id=row.id,
        kind=row.kind,
        event_id=row.event_id,
        body=row.body,
        note=row.note,
        who=row.who,
        at=row.at,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
    )
