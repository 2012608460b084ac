"""Orders: what a studio asked for, kept so that it can be made again, and what of it is wanted now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.recipes import canonical_json, plain
from db.slots import refresh_slots


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One deliverable an order asks for: the words it will be known by, and the day it is due."""

    language: str
    spec_id: str
    container: str
    codec: str
    due: date | None = None


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """The latest order of a version: its body with absolute paths, the file it was read from, where it delivers to."""

    order_id: int
    body: dict[str, Any]
    path: Path
    out: Path
    created_at: datetime


class Orders(Database):
    """What was asked for."""

    def record_order(
        self, version_id: int, body: Mapping[str, Any], *, path: Path, out: Path, wanted: Sequence[WantedFile]
    ) -> int:
        """Write an order of this version, unless it is the latest already; returns its row id.

        ``wanted`` takes the place of all that earlier orders wanted.
        """
        told = {
            "body_sha256": hashlib.sha256(canonical_json(body)).hexdigest(),
            "path": str(path.absolute()),
            "out": str(out.absolute()),
        }
        with self.write() as session:
            # Two who write at once would both find the slot free: the version's row lets them in one by one.
            session.get_one(m.Version, version_id, with_for_update=True)
            row = _latest(session, version_id)
            if row is None or any(getattr(row, name) != value for name, value in told.items()):
                row = m.WorkOrder(version_id=version_id, body=plain(body), **told)
                session.add(row)
                session.execute(delete(m.Wanted).filter_by(version_id=version_id))
                session.add_all(m.Wanted(version_id=version_id, **asdict(file)) for file in wanted)
            refresh_slots(session, version_id)
            return row.id

    def latest_order(self, version_id: int) -> StoredOrder | None:
        """The order that speaks for a version; None where it was last run by a dubline that kept none."""
        with self.read() as session:
            row = _latest(session, version_id)
            return StoredOrder(row.id, row.body, Path(row.path), Path(row.out), row.created_at) if row else None

    def wanted(self, version_id: int) -> list[WantedFile]:
        """What the latest order of a version asks for, by language and spec."""
        with self.read() as session:
            rows = session.execute(
                select(m.Wanted)
                .filter_by(version_id=version_id)
                .order_by(m.Wanted.language, m.Wanted.spec_id, m.Wanted.container, m.Wanted.codec)
            ).scalars()
            return [WantedFile(row.language, row.spec_id, row.container, row.codec, row.due) for row in rows]


def _latest(session: Session, version_id: int) -> m.WorkOrder | None:
    return session.execute(
        select(m.WorkOrder).filter_by(version_id=version_id).order_by(m.WorkOrder.id.desc()).limit(1)
    ).scalar_one_or_none()
