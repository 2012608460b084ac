"""The review desk: people, their sessions and what they did, their corrections and notes, and what the board shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, is_sha256, now, one_of

ROLES = ("viewer", "reviewer", "admin")
EDIT_KINDS = ("change", "drop", "add")
SLOT_STATES = ("missing", "candidate", "failed", "approved", "delivered", "rejected")


class Person(Base):
    """Somebody who may use the review desk; without a password hash, known by a reverse proxy alone."""

    __tablename__ = "person"
    __table_args__ = (one_of("role", ROLES),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class DeskSession(Base):
    """One browser's session, known by the hash of its token; without a person, of whoever sits at this machine."""

    __tablename__ = "desk_session"
    __table_args__ = (is_sha256("token_hash"), Index(None, "person_id"), Index(None, "expires_at"))

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    address: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class Audit(Base):
    """Who did what to what, and from where; rows are only ever added."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "action", "at"), Index(None, "object_kind", "object_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=now)
    who: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    address: Mapped[str]


class EventEdit(Base):
    """A person's correction of a version's events: what the next clean step takes in, until it is withdrawn.

    ``event_id`` is the event's id in its events table, None for one that a person drew.
    """

    __tablename__ = "event_edit"
    __table_args__ = (
        one_of("kind", EDIT_KINDS),
        CheckConstraint("(event_id IS NULL) = (kind = 'add')", name="event"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        Index(None, "version_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    kind: Mapped[str]
    event_id: Mapped[str | None]
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str | None]
    who: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]


class Note(Base):
    """What a person wrote about a version, at a moment of it, about an event or about a deliverable."""

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint("at_seconds >= 0", name="at_seconds"),
        Index(None, "version_id"),
        Index(None, "deliverable_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    deliverable_id: Mapped[int | None] = mapped_column(ForeignKey("deliverable.id"))
    event_id: Mapped[str | None]
    at_seconds: Mapped[float | None] = mapped_column(Double)
    who: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)
    text: Mapped[str]


class Slot(Base):
    """One line of the board: what is wanted or was made for a language and a spec, and where it stands.

    Derived from `Wanted`, `Deliverable`, `QcResult` and `Approval` in the transaction that changes them, so that a
    board of ten thousand titles is read and not computed. ``stale`` has one reason to a line, as last looked for.
    """

    __tablename__ = "slot"
    __table_args__ = (
        one_of("state", SLOT_STATES),
        UniqueConstraint("version_id", "language", "spec_id", "container", "codec", name="uq_slot_place"),
        Index(None, "version_id", "due"),
        Index(None, "state", "version_id", "due"),
        Index(None, "language", "version_id", "due"),
        Index(None, "spec_id", "version_id", "due"),
        Index(None, "deliverable_id"),
        Index(None, "changed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    language: Mapped[str]
    spec_id: Mapped[str]
    container: Mapped[str]
    codec: Mapped[str]
    due: Mapped[date | None]
    wanted: Mapped[bool]
    deliverable_id: Mapped[int | None] = mapped_column(ForeignKey("deliverable.id"))
    state: Mapped[str]
    verdict: Mapped[str | None]
    stale: Mapped[str | None]
    changed_at: Mapped[datetime]
