"""What studios asked for: their orders as they read, and what the newest of them wants delivered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, is_sha256, now


class WorkOrder(Base):
    """An order as it was read, paths absolute; of a version's orders the latest speaks.

    ``path`` is the file it was read from, ``out`` the folder its deliverables appear in.
    """

    __tablename__ = "work_order"
    __table_args__ = (is_sha256("body_sha256"), Index(None, "version_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    body: Mapped[dict[str, Any]]
    body_sha256: Mapped[str]
    path: Mapped[str]
    out: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Wanted(Base):
    """One deliverable that the newest order of a version asks for, in the words of `Deliverable`, made or not."""

    __tablename__ = "wanted"
    __table_args__ = (
        UniqueConstraint("version_id", "language", "spec_id", "container", "codec", name="uq_wanted_slot"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    language: Mapped[str]
    spec_id: Mapped[str]
    container: Mapped[str]
    codec: Mapped[str]
    due: Mapped[date | None]
