"""Titles, their versions, and who is at work on one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, now, one_of

TITLE_KINDS = ("film", "episode", "trailer")


class Title(Base):
    """A film or an episode; ``parent_id`` leads from an episode to its season and series."""

    __tablename__ = "title"
    __table_args__ = (one_of("kind", TITLE_KINDS),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    original_language: Mapped[str | None]
    eidr: Mapped[str | None]
    kind: Mapped[str] = mapped_column(default="film")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("title.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Version(Base):
    """One cut of a title; all audio conforms to exactly one version."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("title_id", "label"),
        CheckConstraint("(fps_num IS NULL) = (fps_den IS NULL)", name="fps_whole"),
        CheckConstraint("fps_num > 0 AND fps_den > 0", name="fps_positive"),
        CheckConstraint("duration_frames >= 0", name="duration_frames"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title_id: Mapped[int] = mapped_column(ForeignKey("title.id"))
    label: Mapped[str]
    eidr_edit: Mapped[str | None]
    fps_num: Mapped[int | None]
    fps_den: Mapped[int | None]
    drop_frame: Mapped[bool | None]
    som_timecode: Mapped[str | None]
    duration_frames: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class TitleLock(Base):
    """The one run allowed to write to a version, the process it lives in, and until when it has leased it."""

    __tablename__ = "title_lock"

    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"), primary_key=True, autoincrement=False)
    owner_run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    host: Mapped[str]
    pid: Mapped[int]
    process_started: Mapped[str]
    acquired_at: Mapped[datetime]
    lease_until: Mapped[datetime]
