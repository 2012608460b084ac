"""Is every byte still there and sound, and how much of what is not can be made good?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db import models as m
from db.assets import StoredAsset, hash_file
from db.connection import Database
from db.files import stamp
from db.process import Owner
from db.runs import PROCESS_DIED, end_runs
from db.store import Store

Problem = Literal[
    "missing", "corrupt", "orphaned", "source missing", "source changed", "catalog damaged", "run abandoned"
]
_UNSOUND = ("missing", "corrupt", "catalog damaged")
FORGOTTEN = "given up: the next run makes it anew"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as the catalog has it; ``mended`` says what a repair did about it.

    ``needed_for`` are the paths of deliverables not superseded whose own bytes these are.
    """

    problem: Problem
    path: str
    sha256: str
    mended: str | None = None
    needed_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a verification found. ``sound`` speaks of the store; sources outside it are the studio's to move."""

    checked: int
    bytes: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether every object the catalog counts on is there and whole, now that it has been looked at."""
        return not any(fault.problem in _UNSOUND and fault.mended in (None, FORGOTTEN) for fault in self.faults)


class Verification(Database):
    """Fsck over catalog and store together."""

    def verify(
        self,
        store: Store,
        *,
        quick: bool = False,
        repair: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> VerifyReport:
        """Hash every object and every source again; ``progress`` gets (files done, files in all).

        ``quick`` takes a file of the right size, unchanged since it was last hashed, for sound. ``repair`` brings
        back what is missing or corrupt from another file with the same bytes (a published deliverable, a source);
        where there is none the catalog forgets the bytes, so that the next run makes them anew. It ends runs whose
        process is gone. It deletes nothing: corrupt objects are set aside, unknown ones are gc's.
        """
        with self.read() as session:
            objects = stored_objects(session)
            sources = session.execute(select(m.SourceFile.path, m.SourceFile.asset_sha256)).tuples().all()
            faults = [*_damage(session, is_sqlite=self.is_sqlite), *_abandoned(session)]
        known = {asset.sha256 for asset in objects}
        faults += [
            Fault("orphaned", found.name, found.sha256) for found in store.objects() if found.sha256 not in known
        ]
        sound: list[str] = []
        total = len(objects) + len(sources)
        tell = progress or (lambda _done, _total: None)
        for done, asset in enumerate(objects, start=1):
            if store.verify(asset, rehash=not quick):
                sound.append(asset.sha256)
            else:
                faults.append(self._broken(store, asset, repair=repair))
            tell(done, total)
        for done, (source, sha256) in enumerate(sources, start=len(objects) + 1):
            faults += _source_fault(Path(source), sha256)
            tell(done, total)
        with self.write() as session:
            if not quick:
                stamp(session, sound, "verified_at")
            if repair:
                faults = [_end_abandoned(session, fault) for fault in faults]
        return VerifyReport(checked=total, bytes=sum(asset.bytes for asset in objects), faults=tuple(faults))

    def _broken(self, store: Store, asset: StoredAsset, *, repair: bool) -> Fault:
        """The fault that an object is, mended where that is wanted and can be done."""
        problem: Problem = "corrupt" if store.holds(asset) else "missing"
        with self.read() as session:
            copies = list(_copies(session, asset.sha256))
            needed_for = tuple(_published(session, asset.sha256))
        fault = Fault(problem, store.location(asset), asset.sha256, needed_for=needed_for)
        if not repair:
            return fault
        store.set_aside(asset)
        for copy in copies:
            if _hash_of(copy) == asset.sha256:
                store.put(copy, suffix=asset.suffix, move=False)
                return replace(fault, mended=f"restored from {copy}")
        with self.write() as session:
            stamp(session, [asset.sha256], "collected_at")
        return replace(fault, mended=FORGOTTEN)


def stored_objects(session: Session) -> list[StoredAsset]:
    """Every object that should lie in the store, once per suffix it is known under."""
    rows = session.execute(
        select(m.Asset.sha256, m.Asset.bytes, m.MediaFile.suffix, m.Asset.storage_uri)
        .join(m.MediaFile, m.MediaFile.asset_sha256 == m.Asset.sha256)
        .where(m.Asset.storage_uri.startswith("store:"), m.Asset.collected_at.is_(None))
        .distinct()
        .order_by(m.Asset.sha256)
    ).tuples()
    return [StoredAsset(*row) for row in rows]


def _damage(session: Session, *, is_sqlite: bool) -> Iterator[Fault]:
    """What SQLite finds wrong in its own file; a PostgreSQL server has checks of its own."""
    if not is_sqlite:
        return
    for (line,) in session.execute(text("PRAGMA integrity_check(100)")):
        if line != "ok":
            yield Fault("catalog damaged", str(line), "")
    for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
        yield Fault("catalog damaged", f"row {row} of {table} names a {parent} that is not there", "")


def _abandoned(session: Session) -> Iterator[Fault]:
    """Runs that say they are running, and whose process on this host is gone."""
    for run in session.scalars(select(m.Run).filter_by(state="running").order_by(m.Run.id)):
        if Owner(run.host, run.pid, run.process_started).is_dead():
            yield Fault("run abandoned", f"run {run.id}", "")


def _end_abandoned(session: Session, fault: Fault) -> Fault:
    if fault.problem != "run abandoned":
        return fault
    end_runs(session, [int(fault.path.removeprefix("run "))], state="crashed", error=PROCESS_DIED)
    return replace(fault, mended="ended as crashed")


def _copies(session: Session, sha256: str) -> Iterator[Path]:
    """Files outside the store that should have these bytes."""
    published = (
        select(m.Deliverable.path).join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id).distinct()
    ).where(m.MediaFile.asset_sha256 == sha256)
    sources = select(m.SourceFile.path).filter_by(asset_sha256=sha256)
    for query in (published, sources):
        yield from map(Path, session.scalars(query))


def _published(session: Session, sha256: str) -> Iterator[str]:
    yield from session.scalars(
        select(m.Deliverable.path)
        .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
        .where(m.MediaFile.asset_sha256 == sha256, m.Deliverable.state != "superseded")
        .order_by(m.Deliverable.id)
    )


def _source_fault(path: Path, sha256: str) -> list[Fault]:
    found = _hash_of(path)
    if found is None:
        return [Fault("source missing", str(path), sha256)]
    return [] if found == sha256 else [Fault("source changed", str(path), sha256)]


def _hash_of(path: Path) -> str | None:
    try:
        return hash_file(path)
    except OSError:
        return None
