"""The whole catalog, and the bytes it counts on, in a folder elsewhere; and back, into whatever catalog and store."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from sqlalchemy import Column, Table, func, insert, select, text
from sqlalchemy.orm import Session

from db import models as m
from db.assets import StoredAsset, hash_file
from db.errors import Conflict, DbError, NotFound
from db.export import Export, write_tables
from db.folder_store import FolderStore
from db.models import Base
from db.models.base import JSON_TYPE, now
from db.runs import end_runs
from db.schema import revision_of
from db.store import Store, stored
from db.verification import stored_objects

CATALOGS = "catalogs"
_LISTING = "catalog.json"
_ROWS_AT_ONCE = 1000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup written: its name in the folder, rows by table, objects copied now and those that could not be."""

    name: str
    rows: dict[str, int]
    copied: int
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """A backup brought back: its name, rows by table, objects stored, runs it had found at work."""

    name: str
    rows: dict[str, int]
    stored: int
    interrupted: int


class Backup(Export):
    """Copies of catalog and store together."""

    def back_up(
        self, store: Store, folder: Path, *, with_bytes: bool = True, progress: Progress | None = None
    ) -> BackupReport:
        """Write the catalog as of now to ``folder/catalogs/<time>``, and to ``folder`` the objects not yet there.

        Work may go on meanwhile: the catalog is one moment's view, and its bytes were stored before it. An object
        that gc frees in between is not missed. Raises DbError when the folder cannot be written.
        """
        with _written(folder) as working:
            with self.read() as session:
                rows = write_tables(session, working)
                objects = stored_objects(session)
                revision = revision_of(session.connection())
            hashes = {name: hash_file(working / f"{name}.parquet") for name in rows}
            listing = {"revision": revision, "rows": rows, "sha256": hashes, "with_bytes": with_bytes}
            (working / _LISTING).write_text(json.dumps(listing, indent=2), encoding="utf-8")
            copied, missing = self._copy(store, folder, objects, progress) if with_bytes else (0, ())
            # Last, so that a catalog that is there has its bytes beside it.
            name = f"{now():%Y%m%dT%H%M%S.%fZ}"
            working.rename(folder / CATALOGS / name)
        return BackupReport(name, rows, copied, missing)

    def restore(
        self, store: Store, folder: Path, *, name: str | None = None, progress: Progress | None = None
    ) -> RestoreReport:
        """Bring the newest backup in ``folder``, or the one called ``name``, into this empty catalog and ``store``.

        Bytes first, then all rows in one transaction. Runs that were at work when the backup was made are crashed.
        Raises NotFound where there is no such backup, Conflict for a catalog that is not empty, DbError for a backup
        that is damaged or of another schema.
        """
        source = _find(folder, name)
        listing = _read_listing(source)
        with self.read() as session:
            self._refuse_unfit(session, listing, source)
        kept = FolderStore(folder) if listing["with_bytes"] else None
        objects = list(kept.objects()) if kept is not None else []
        for done, found in enumerate(objects, start=1):
            assert kept is not None
            asset = stored(found.sha256, found.bytes, found.name[64:])
            with kept.lend(asset) as path:
                if store.put(path, suffix=asset.suffix, move=False) != asset:
                    raise DbError("the backup's bytes are corrupt", str(path), "restore from another backup")
            if progress is not None:
                progress(done, len(objects))
        with self.write() as session:
            self._refuse_unfit(session, listing, source)
            for table in Base.metadata.sorted_tables:
                if table is not m.TitleLock.__table__:
                    _load(session, table, source / f"{table.name}.parquet")
            at_work = session.scalars(select(m.Run.id).filter_by(state="running")).all()
            end_runs(session, at_work, state="crashed", error=f"was at work when backup {source.name} was made")
            if not self.is_sqlite:
                _continue_counting(session)
        return RestoreReport(source.name, listing["rows"], len(objects), len(at_work))

    def _copy(
        self, store: Store, folder: Path, objects: list[StoredAsset], progress: Progress | None
    ) -> tuple[int, tuple[str, ...]]:
        """Copy what is not yet in the backup; returns how many, and the hashes of those that are not to be had."""
        kept = FolderStore(folder)
        copied, missing = 0, []
        for done, asset in enumerate(objects, start=1):
            if not kept.verify(asset):
                if not store.verify(asset):
                    missing.append(asset.sha256)
                else:
                    with store.lend(asset) as path:
                        kept.put(path, suffix=asset.suffix, move=False)
                    copied += 1
            if progress is not None:
                progress(done, len(objects))
        return copied, self._still_wanted(missing)

    def _still_wanted(self, hashes: list[str]) -> tuple[str, ...]:
        """Those that gc has not freed meanwhile."""
        with self.read() as session:
            return tuple(sha for sha in hashes if session.get_one(m.Asset, sha).collected_at is None)

    def _refuse_unfit(self, session: Session, listing: dict[str, Any], source: Path) -> None:
        here = revision_of(session.connection())
        if listing["revision"] != here:
            raise DbError(
                f"the backup has revision {listing['revision']} of the catalog's tables, this dubline {here}",
                str(source),
                "restore it with the dubline that made it, then open it with this one",
            )
        filled = [t.name for t in Base.metadata.sorted_tables if session.execute(select(t).limit(1)).first()]
        if filled:
            raise Conflict(f"the catalog is not empty: {filled[0]}", self.where, "restore into a new database")


@contextmanager
def _written(folder: Path) -> Iterator[Path]:
    """A folder to write a catalog in, beside its place; gone where that failed."""
    working = folder / CATALOGS / f".{uuid.uuid4().hex}"
    try:
        working.mkdir(parents=True)
        yield working
    except OSError as error:
        raise DbError(
            f"cannot write the backup: {error.strerror}", str(folder), "free space there, or give a writable folder"
        ) from error
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _find(folder: Path, name: str | None) -> Path:
    names = sorted(path.parent.name for path in (folder / CATALOGS).glob(f"*/{_LISTING}"))
    if not names or (name is not None and name not in names):
        raise NotFound("no such backup", str(folder / CATALOGS / (name or "")), f"there are: {', '.join(names) or '-'}")
    return folder / CATALOGS / (name or names[-1])


def _read_listing(source: Path) -> dict[str, Any]:
    """The backup's own account of itself, with every file's hash checked."""
    listing: dict[str, Any] = json.loads((source / _LISTING).read_text(encoding="utf-8"))
    for table, sha256 in listing["sha256"].items():
        path = source / f"{table}.parquet"
        if not path.exists() or hash_file(path) != sha256:
            raise DbError("the backup is damaged", str(path), "restore an earlier one")
    return listing


def _load(session: Session, table: Table, path: Path) -> None:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            rows = [{name: _value(table.c[name], value) for name, value in row.items()} for row in batch.to_pylist()]
            session.execute(insert(table), rows)


def _value(column: Column[Any], value: Any) -> Any:
    """JSON columns were exported as their text."""
    return json.loads(value) if isinstance(column.type, type(JSON_TYPE)) and value is not None else value


def _continue_counting(session: Session) -> None:
    """Tell PostgreSQL's sequences which numbers are taken."""
    for table in Base.metadata.sorted_tables:
        if table.autoincrement_column is not None:
            column = table.autoincrement_column
            taken = session.execute(select(func.max(column))).scalar()
            if taken is not None:
                session.execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, :column), :taken)"),
                    {"table": table.name, "column": column.name, "taken": taken},
                )
