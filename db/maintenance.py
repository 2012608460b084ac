"""Is every byte still there and sound (verify), and which bytes does nobody need any more (gc)?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from db import models as m
from db.assets import StoredAsset, hash_file
from db.connection import Database
from db.models.base import now
from db.store import Store

Problem = Literal["missing", "corrupt", "orphaned", "source missing", "source changed"]
ENDED_EMPTY = ("failed", "cancelled", "crashed")
# Bytes are stored before the catalog is told of them: while anyone works, the newest of the unknown may be theirs.
WORK_IN_HAND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as the catalog has it."""

    problem: Problem
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification found. ``sound`` speaks of the store; sources outside it are the studio's to move."""

    checked: int
    bytes: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether every object the catalog counts on is there and whole."""
        return not any(fault.problem in ("missing", "corrupt") for fault in self.faults)


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What gc freed, or would free: object files, their bytes, and rows of steps that made nothing."""

    deleted: bool
    files: tuple[str, ...]
    bytes: int
    steps: int


class Maintenance(Database):
    """Fsck and garbage collection over catalog and store together."""

    def verify(self, store: Store, *, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
        """Hash every object and every source again; ``progress`` gets (files done, files in all)."""
        with self.read() as session:
            objects = _objects(session)
            sources = session.execute(select(m.SourceFile.path, m.SourceFile.asset_sha256)).tuples().all()
        known = {asset.sha256 for asset in objects}
        orphans = [
            Fault("orphaned", str(p), sha) for sha, paths in store.hashes().items() for p in paths if sha not in known
        ]
        faults: list[Fault] = []
        sound: list[str] = []
        total = len(objects) + len(sources)
        for done, asset in enumerate(objects, start=1):
            if store.verify(asset, rehash=True):
                sound.append(asset.sha256)
            else:
                path = store.path(asset)
                faults.append(Fault("corrupt" if path.exists() else "missing", str(path), asset.sha256))
            if progress is not None:
                progress(done, total)
        for done, (source, sha256) in enumerate(sources, start=len(objects) + 1):
            faults += _source_fault(Path(source), sha256)
            if progress is not None:
                progress(done, total)
        with self.write() as session:
            _stamp(session, sound, "verified_at")
        return VerifyReport(checked=total, bytes=sum(asset.bytes for asset in objects), faults=(*faults, *orphans))

    def collect_garbage(self, store: Store, *, grace: timedelta, delete_them: bool = False) -> GarbageReport:
        """Find bytes no one needs and free them if told to; the catalog's history of them stays.

        Needed are the files of deliverables not superseded and all they came from, everything in the latest
        completed run of each version and in versions at work, and whatever is younger than ``grace``.
        Steps that ended without making anything before that are forgotten.
        """
        oldest = now() - grace
        with self.write() as session:
            needed = _needed(session, oldest)
            at_work = session.execute(select(m.Run.id).filter_by(state="running").limit(1)).first() is not None
            arrived_before = min(oldest, now() - WORK_IN_HAND) if at_work else oldest
            files = [
                path
                for sha256, paths in store.hashes().items()
                if sha256 not in needed
                for path in paths
                if datetime.fromtimestamp(path.stat().st_ctime, UTC) < arrived_before
            ]
            ended = (m.Step.state.in_(ENDED_EMPTY), m.Step.ended_at < oldest)
            steps = session.execute(select(func.count()).select_from(m.Step).where(*ended)).scalar_one()
            if delete_them:
                session.execute(delete(m.Step).where(*ended))
                _stamp(session, {path.name[:64] for path in files}, "collected_at")
        # The rows first: a crash in between leaves files that the next gc finds again, never rows without bytes.
        size = sum(store.remove(path) if delete_them else path.stat().st_size for path in files)
        return GarbageReport(deleted=delete_them, files=tuple(map(str, files)), bytes=size, steps=steps)


def _stamp(session: Session, hashes: Collection[str], column: str) -> None:
    """Write this moment into ``column`` of these assets, one by one: SQLite binds 32,766 values at a time."""
    moment = now()
    for sha256 in hashes:
        session.execute(update(m.Asset).where(m.Asset.sha256 == sha256).values({column: moment}))


def _objects(session: Session) -> list[StoredAsset]:
    """Every object that should lie in the store, once per suffix it is known under."""
    rows = session.execute(
        select(m.Asset.sha256, m.Asset.bytes, m.MediaFile.suffix, m.Asset.storage_uri)
        .join(m.MediaFile, m.MediaFile.asset_sha256 == m.Asset.sha256)
        .where(m.Asset.storage_uri.startswith("store:"), m.Asset.collected_at.is_(None))
        .distinct()
        .order_by(m.Asset.sha256)
    ).tuples()
    return [StoredAsset(*row) for row in rows]


def _source_fault(path: Path, sha256: str) -> list[Fault]:
    try:
        return [] if hash_file(path) == sha256 else [Fault("source changed", str(path), sha256)]
    except OSError:
        return [Fault("source missing", str(path), sha256)]


def _needed(session: Session, oldest: datetime) -> set[str]:
    """SHA-256s that must stay."""
    latest = select(func.max(m.Run.id)).where(m.Run.state == "completed").group_by(m.Run.version_id)
    working = select(m.Run.version_id).where(m.Run.state == "running")
    steps = (
        select(m.Step.id)
        .join(m.Run, m.Step.run_id == m.Run.id)
        .where(or_(m.Run.id.in_(latest), m.Run.version_id.in_(working), m.Step.ended_at >= oldest))
    )
    used = select(m.StepInput.asset_sha256).where(m.StepInput.step_id.in_(steps))
    made = (
        select(m.MediaFile.asset_sha256)
        .join(m.StepOutput, m.StepOutput.media_file_id == m.MediaFile.id)
        .where(m.StepOutput.step_id.in_(steps))
    )
    behind = (
        select(m.MediaFile.asset_sha256.label("sha256"))
        .join(m.Deliverable, m.Deliverable.media_file_id == m.MediaFile.id)
        .where(m.Deliverable.state != "superseded")
        .cte("behind", recursive=True)
    )
    behind = behind.union(select(m.Derivation.input_sha256).join(behind, m.Derivation.output_sha256 == behind.c.sha256))
    return {sha for query in (used, made, select(behind.c.sha256)) for sha in session.execute(query).scalars()}
