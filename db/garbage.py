"""Which bytes does nobody need any more?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database, hold_writers
from db.files import stamp
from db.models.base import now
from db.store import Store

ENDED_EMPTY = ("failed", "cancelled", "crashed")
# Bytes are stored before the catalog is told of them: while anyone works, the newest of the unknown may be theirs.
WORK_IN_HAND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class GarbageReport:
    """What gc freed, or would free: names of objects, their bytes, and rows of steps that made nothing."""

    deleted: bool
    files: tuple[str, ...]
    bytes: int
    steps: int


class Garbage(Database):
    """Garbage collection over catalog and store together."""

    def collect_garbage(self, store: Store, *, grace: timedelta, delete_them: bool = False) -> GarbageReport:
        """Find bytes no one needs and free them if told to; the catalog's history of them stays.

        Needed are the files of deliverables not superseded and all they came from, everything in the latest
        completed run of each version and in versions at work, and whatever is younger than ``grace``.
        Steps that ended without making anything before that are forgotten.
        """
        there = list(store.objects())
        oldest = now() - grace
        with self.write() as session:
            # What is needed must not grow between the question and the decision. In the order in which runs are ended.
            hold_writers(session, m.Step, m.Run, m.Deliverable)
            needed = _needed(session, oldest)
            at_work = session.execute(select(m.Run.id).filter_by(state="running").limit(1)).first() is not None
            arrived_before = min(oldest, now() - WORK_IN_HAND) if at_work else oldest
            unneeded = [one for one in there if one.sha256 not in needed and one.arrived_at < arrived_before]
            ended = (m.Step.state.in_(ENDED_EMPTY), m.Step.ended_at < oldest)
            steps = session.execute(select(func.count()).select_from(m.Step).where(*ended)).scalar_one()
            if delete_them:
                session.execute(delete(m.Step).where(*ended))
                stamp(session, sorted({one.sha256 for one in unneeded}), "collected_at")
        # The rows first: a crash in between leaves files that the next gc finds again, never rows without bytes.
        gone = [one for one in unneeded if not delete_them or store.remove(one)]
        return GarbageReport(
            deleted=delete_them,
            files=tuple(one.name for one in gone),
            bytes=sum(one.bytes for one in gone),
            steps=steps,
        )


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
