"""What was found and decided: events, measurements, verdicts, deliverables, approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, now, one_of

EVENT_LABELS = ("speech", "singing", "laughter", "crying", "shout", "breath", "cough", "exertion", "crowd")
VERDICTS = ("pass", "warn", "fail")
DELIVERABLE_STATES = ("candidate", "approved", "delivered", "superseded")
FIGURE_KINDS = ("number", "integer", "flag", "text", "undefined")
DECISIONS = ("approved", "rejected", "reopened", "delivered")


class VocalEvent(Base):
    """One vocalization found in the M&E or the DX stem, listed by the media file ``media_file_id`` (an events table).

    ``event_id`` is the event's id in that table; it and ``stem`` are None in rows older than they are.
    """

    __tablename__ = "vocal_event"
    __table_args__ = (
        one_of("label", EVENT_LABELS),
        CheckConstraint("end_seconds >= start_seconds AND start_seconds >= 0", name="span"),
        Index(None, "media_file_id", "start_seconds"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    media_file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id"))
    start_seconds: Mapped[float] = mapped_column(Double)
    end_seconds: Mapped[float] = mapped_column(Double)
    channels: Mapped[list[Any]]
    label: Mapped[str]
    score: Mapped[float | None] = mapped_column(Double)
    level_db: Mapped[float | None] = mapped_column(Double)
    disposition: Mapped[str | None]
    action: Mapped[str | None]
    decided_by: Mapped[str | None]
    stem: Mapped[str | None]
    event_id: Mapped[str | None]


class Measurement(Base):
    """One figure, of a step as a whole or of one media file; a number in ``value`` or a word in ``text``.

    ``kind`` gives the figure back as it came: a step answered from the catalog must say what it said when it ran.
    """

    __tablename__ = "measurement"
    __table_args__ = (
        CheckConstraint("(step_id IS NULL) <> (media_file_id IS NULL)", name="owner"),
        one_of("kind", FIGURE_KINDS),
        CheckConstraint(
            "(value IS NOT NULL) = (kind IN ('number', 'integer', 'flag')) AND (text IS NOT NULL) = (kind = 'text')",
            name="one_value",
        ),
        UniqueConstraint("step_id", "name"),
        UniqueConstraint("media_file_id", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))
    media_file_id: Mapped[int | None] = mapped_column(ForeignKey("media_file.id"))
    name: Mapped[str]
    kind: Mapped[str]
    value: Mapped[float | None] = mapped_column(Double)
    text: Mapped[str | None]
    unit: Mapped[str | None]
    algorithm: Mapped[str | None]
    tool: Mapped[str | None]
    tool_version: Mapped[str | None]


class QcResult(Base):
    """A media file judged against a spec."""

    __tablename__ = "qc_result"
    __table_args__ = (one_of("verdict", VERDICTS), Index(None, "media_file_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    media_file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id"))
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"))
    verdict: Mapped[str]
    items: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Deliverable(Base):
    """One file for one language and one spec; a candidate until approved, superseded by the next candidate."""

    __tablename__ = "deliverable"
    __table_args__ = (
        one_of("state", DELIVERABLE_STATES),
        # PostgreSQL names hold 63 characters: the convention would be longer.
        UniqueConstraint(
            "version_id", "language", "spec_id", "container", "codec", "media_file_id", name="uq_deliverable_identity"
        ),
        Index(None, "media_file_id"),
        Index(None, "path"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    language: Mapped[str]
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"))
    container: Mapped[str]
    codec: Mapped[str]
    media_file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id"))
    recipe_key: Mapped[str | None] = mapped_column(ForeignKey("recipe.key"))
    path: Mapped[str]
    state: Mapped[str] = mapped_column(default="candidate")
    created_at: Mapped[datetime] = mapped_column(default=now)


class Approval(Base):
    """What a person decided about a deliverable; the latest row speaks."""

    __tablename__ = "approval"
    __table_args__ = (one_of("decision", DECISIONS), Index(None, "deliverable_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    deliverable_id: Mapped[int] = mapped_column(ForeignKey("deliverable.id"))
    who: Mapped[str]
    decided_at: Mapped[datetime] = mapped_column(default=now)
    decision: Mapped[str]
    note: Mapped[str | None]
