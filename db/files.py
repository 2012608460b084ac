"""Assets, files outside the store, and what they are for a version."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from db import models as m
from db.assets import Fingerprint, StoredAsset
from db.connection import Database, insert_new
from db.errors import NotFound
from db.models.base import now


class Files(Database):
    """Masters and dubs that stay where the studio keeps them."""

    def register_external(
        self,
        path: Path,
        sha256: str,
        bytes: int,
        fingerprint: tuple[int, int, int],
        *,
        version_id: int | None = None,
        role: str = "source",
        language: str | None = None,
    ) -> StoredAsset:
        """Write a file outside the store as an asset referenced by its URI; with ``version_id`` also what it is.

        ``fingerprint`` is (size, mtime_ns, inode) from before the file was hashed.
        """
        path = path.resolve()
        size, mtime_ns, inode = fingerprint
        asset = StoredAsset(sha256=sha256, bytes=bytes, suffix=path.suffix, storage_uri=path.as_uri())
        with self.write() as session:
            insert_new(session, m.Asset, [_asset_row(asset)])
            session.merge(
                m.SourceFile(
                    path=str(path),
                    asset_sha256=sha256,
                    size=size,
                    mtime_ns=mtime_ns,
                    inode=str(inode),
                    hashed_at=now(),
                )
            )
            if version_id is not None:
                keep_media_file(
                    session,
                    version_id=version_id,
                    asset=asset,
                    role=role,
                    language=language,
                    origin_name=path.name,
                )
        return asset

    def record_tracks(self, version_id: int, sha256: str, tracks: Sequence[Mapping[str, Any]]) -> int:
        """Write the streams of a media file of this version, in order; returns how many there are.

        Each has at least ``kind`` and ``codec``; the other columns of `Track` are optional, further keys are not
        written. Streams already written stay as they are. Raises NotFound for a file the version does not have.
        """
        columns = {column.key for column in m.Track.__table__.columns} - {"id", "media_file_id", "idx"}
        with self.write() as session:
            file_id = session.scalars(
                select(m.MediaFile.id).filter_by(version_id=version_id, asset_sha256=sha256).limit(1)
            ).first()
            if file_id is None:
                raise NotFound("no such file of this version", sha256, "register the file first")
            if session.scalars(select(m.Track.id).filter_by(media_file_id=file_id).limit(1)).first() is None:
                session.add_all(
                    m.Track(media_file_id=file_id, idx=idx, **{name: track.get(name) for name in columns})
                    for idx, track in enumerate(tracks)
                )
            return len(tracks)

    def asset(self, sha256: str) -> StoredAsset:
        """The asset of this hash; for a file outside the store, a place where it still lies unchanged, if any.

        Raises NotFound for a hash the catalog does not know.
        """
        with self.read() as session:
            row = session.get(m.Asset, sha256)
            if row is None:
                raise NotFound("no such asset", sha256, "ask `dubline catalog verify`")
            uri, suffix = row.storage_uri, row.suffix
            if not uri.startswith("store:"):
                sources = session.scalars(select(m.SourceFile).filter_by(asset_sha256=sha256))
                places = [Path(source.path) for source in sources if unchanged(source)]
                uri, suffix = (places[0].as_uri(), places[0].suffix) if places else (uri, suffix)
            return StoredAsset(sha256=sha256, bytes=row.bytes, suffix=suffix, storage_uri=uri)

    def stored_bytes(self, version_id: int) -> int:
        """Bytes that lie in the store for a version, whatever run made them."""
        named = select(m.MediaFile.asset_sha256).filter_by(version_id=version_id)
        query = select(func.sum(m.Asset.bytes)).where(
            m.Asset.sha256.in_(named), m.Asset.storage_uri.startswith("store:"), m.Asset.collected_at.is_(None)
        )
        with self.read() as session:
            return int(session.execute(query).scalar() or 0)

    def keeps_bytes(self) -> bool:
        """Whether the catalog counts on bytes in a store."""
        query = select(m.Asset.sha256).where(m.Asset.storage_uri.startswith("store:"), m.Asset.collected_at.is_(None))
        with self.read() as session:
            return session.execute(query.limit(1)).first() is not None

    def known_external(self, path: Path, fingerprint: tuple[int, int, int]) -> str | None:
        """SHA-256 of a file outside the store, if it is as it was when last hashed; else None."""
        with self.read() as session:
            source = session.get(m.SourceFile, str(path.resolve()))
            if source is None:
                return None
            unchanged = (source.size, source.mtime_ns, int(source.inode)) == tuple(fingerprint)
            return source.asset_sha256 if unchanged else None


def unchanged(source: m.SourceFile) -> bool:
    """Whether the file is there as it was when it was hashed, by what ``stat`` says of it."""
    try:
        now_there = Fingerprint.of(Path(source.path))
    except OSError:
        return False
    return now_there == Fingerprint(source.size, source.mtime_ns, int(source.inode))


def stamp(session: Session, hashes: Collection[str], column: str) -> None:
    """Write this moment into ``column`` of those of these assets that the catalog knows."""
    if hashes:
        # Below the ORM, which would miss a row that is not there.
        update_one = update(m.Asset).where(m.Asset.sha256 == bindparam("named")).values({column: now()})
        session.connection().execute(update_one, [{"named": sha256} for sha256 in hashes])


def keep_asset(session: Session, asset: StoredAsset) -> None:
    """Write an asset; one known by a file outside, or whose bytes gc had freed, now lies in the store."""
    insert_new(session, m.Asset, [_asset_row(asset)])
    row = session.get_one(m.Asset, asset.sha256)
    if row.collected_at is not None or not row.storage_uri.startswith("store:"):
        row.storage_uri, row.suffix, row.collected_at = asset.storage_uri, asset.suffix, None


def keep_media_file(
    session: Session,
    *,
    version_id: int,
    asset: StoredAsset,
    role: str,
    language: str | None,
    origin_name: str | None,
) -> int:
    """Write what an asset is for a version, unless it is known; returns the media file's id."""
    named = {"version_id": version_id, "asset_sha256": asset.sha256, "role": role, "language": language or ""}
    insert_new(session, m.MediaFile, [{**named, "suffix": asset.suffix, "origin_name": origin_name}])
    return session.execute(select(m.MediaFile.id).filter_by(**named)).scalar_one()


def _asset_row(asset: StoredAsset) -> dict[str, str | int]:
    return {
        "sha256": asset.sha256,
        "bytes": asset.bytes,
        "suffix": asset.suffix,
        "storage_uri": asset.storage_uri,
    }
