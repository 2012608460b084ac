"""Immutable bytes, where they lie, and what they are for a version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, is_sha256, now, one_of

TRACK_KINDS = ("video", "audio", "subtitle", "data")


class Asset(Base):
    """Immutable bytes named by their SHA-256; ``collected_at`` is set once gc has freed the bytes."""

    __tablename__ = "asset"
    __table_args__ = (is_sha256("sha256"), CheckConstraint("bytes >= 0", name="bytes"))

    sha256: Mapped[str] = mapped_column(primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    suffix: Mapped[str]
    storage_uri: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
    verified_at: Mapped[datetime | None]
    collected_at: Mapped[datetime | None]


class SourceFile(Base):
    """A file outside the store (a master, a dub) as it was when its bytes were last hashed."""

    __tablename__ = "source_file"
    __table_args__ = (Index(None, "asset_sha256"),)

    path: Mapped[str] = mapped_column(primary_key=True)
    asset_sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"))
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    inode: Mapped[str]  # text: an inode is an unsigned 64-bit number, SQL's largest integer is signed
    hashed_at: Mapped[datetime] = mapped_column(default=now)


class MediaFile(Base):
    """What an asset is for one version: its role and language (BCP-47, empty where none applies)."""

    __tablename__ = "media_file"
    __table_args__ = (
        # An empty language, not NULL, because NULLs never collide in a unique key.
        UniqueConstraint("version_id", "asset_sha256", "role", "language"),
        CheckConstraint("role <> ''", name="role"),
        Index(None, "asset_sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    asset_sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"))
    role: Mapped[str]
    language: Mapped[str] = mapped_column(default="")
    suffix: Mapped[str]
    origin_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Track(Base):
    """One stream of a media file."""

    __tablename__ = "track"
    __table_args__ = (UniqueConstraint("media_file_id", "idx"), one_of("kind", TRACK_KINDS))

    id: Mapped[int] = mapped_column(primary_key=True)
    media_file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id"))
    idx: Mapped[int]
    kind: Mapped[str]
    codec: Mapped[str]
    sample_rate: Mapped[int | None]
    bit_depth: Mapped[int | None]
    layout: Mapped[str | None]
    channel_order: Mapped[list[Any] | None]
    language: Mapped[str | None]
    disposition: Mapped[str | None]
    start_pts: Mapped[int | None] = mapped_column(BigInteger)
    priming_samples: Mapped[int | None]
    duration_samples: Mapped[int | None] = mapped_column(BigInteger)
    title: Mapped[str | None]
