"""What was done in a span of time, and tables to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db import models as m
from db.board import STOPPED
from db.connection import Database
from db.verdicts import last_verdict

Table = Literal["board", "deliverables", "checks", "decisions"]
TABLES: tuple[Table, ...] = ("board", "deliverables", "checks", "decisions")
_ROWS_AT_ONCE = 2_000
_LONGEST_LIST = 200


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in a report."""

    run_id: int
    slug: str
    name: str
    version: str
    trigger: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    error: str | None
    prefect_flow_run_id: str | None


@dataclass(frozen=True, slots=True)
class MadeLine:
    """A deliverable in a report."""

    deliverable_id: int
    slug: str
    name: str
    language: str
    spec_id: str
    state: str
    verdict: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What happened from ``since`` until ``until``: runs by state, those that ended badly, what was made and decided.

    Lists hold the latest 200; counts count all.
    """

    since: datetime
    until: datetime
    runs: dict[str, int]
    gpu_seconds: float
    steps: int
    cached_steps: int
    troubled: tuple[RunLine, ...]
    made: dict[str, int]
    deliverables: tuple[MadeLine, ...]
    decisions: dict[str, int]
    stale: int


class Reports(Database):
    """Answers about a span of time."""

    def report(self, since: datetime, until: datetime) -> Report:
        """What happened in the span."""
        with self.read() as session:
            begun = (m.Run.started_at >= since) & (m.Run.started_at < until)
            steps, cached, gpu_seconds = session.execute(
                select(func.count(), func.sum(case((m.Step.cache_hit, 1), else_=0)), func.sum(m.Step.gpu_seconds))
                .join(m.Run, m.Step.run_id == m.Run.id)
                .where(begun, m.Step.state == "completed")
            ).one()
            decided = (m.Approval.decided_at >= since) & (m.Approval.decided_at < until)
            return Report(
                since=since,
                until=until,
                runs=_counts(session, m.Run.state, begun),
                gpu_seconds=float(gpu_seconds or 0.0),
                steps=int(steps),
                cached_steps=int(cached or 0),
                troubled=_troubled(session, begun),
                made=_verdicts(session, since, until),
                deliverables=_made(session, since, until),
                decisions=_counts(session, m.Approval.decision, decided),
                stale=session.execute(select(func.count()).where(m.Slot.stale.is_not(None))).scalar_one(),
            )

    def table(self, name: Table) -> Iterator[list[dict[str, Any]]]:
        """The rows of a report's table, some at a time, from one moment's view."""
        with self.read() as session:
            result = session.execute(_QUERIES[name](), execution_options={"yield_per": _ROWS_AT_ONCE})
            for part in result.mappings().partitions():
                yield [dict(row) for row in part]


def columns_of(name: Table) -> list[str]:
    """The columns of a report's table."""
    return [str(column.key) for column in _QUERIES[name]().selected_columns]


def _counts(session: Session, word: InstrumentedAttribute[str], which: ColumnElement[bool]) -> dict[str, int]:
    """How many rows say which word."""
    return dict(session.execute(select(word, func.count()).where(which).group_by(word)).tuples().all())


def _troubled(session: Session, begun: ColumnElement[bool]) -> tuple[RunLine, ...]:
    rows = session.execute(
        select(m.Run, m.Title.slug, m.Title.name, m.Version.label)
        .join(m.Version, m.Run.version_id == m.Version.id)
        .join(m.Title, m.Version.title_id == m.Title.id)
        .where(begun, m.Run.state.in_(STOPPED))
        .order_by(m.Run.id.desc())
        .limit(_LONGEST_LIST)
    )
    return tuple(
        RunLine(
            run.id, slug, name, label, run.trigger, run.state, run.started_at, run.ended_at, run.error,
            run.prefect_flow_run_id,
        )
        for run, slug, name, label in rows
    )  # fmt: skip


def _made(session: Session, since: datetime, until: datetime) -> tuple[MadeLine, ...]:
    rows = session.execute(
        select(m.Deliverable, m.Title.slug, m.Title.name, m.Spec.spec_id, last_verdict())
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .join(m.Version, m.Deliverable.version_id == m.Version.id)
        .join(m.Title, m.Version.title_id == m.Title.id)
        .where(m.Deliverable.created_at >= since, m.Deliverable.created_at < until)
        .order_by(m.Deliverable.id.desc())
        .limit(_LONGEST_LIST)
    )
    return tuple(
        MadeLine(row.id, slug, name, row.language, spec_id, row.state, verdict, row.created_at)
        for row, slug, name, spec_id, verdict in rows
    )


def _verdicts(session: Session, since: datetime, until: datetime) -> dict[str, int]:
    judged = (
        select(func.coalesce(last_verdict(), "unchecked").label("verdict"))
        .where(m.Deliverable.created_at >= since, m.Deliverable.created_at < until)
        .subquery()
    )
    return dict(session.execute(select(judged.c.verdict, func.count()).group_by(judged.c.verdict)).tuples().all())


def _board() -> Select[*tuple[Any, ...]]:
    return (
        select(
            m.Title.slug.label("title"),
            m.Title.name,
            m.Version.label.label("version"),
            m.Slot.language,
            m.Slot.spec_id.label("spec"),
            m.Slot.container,
            m.Slot.codec,
            m.Slot.due,
            m.Slot.wanted,
            m.Slot.state,
            m.Slot.verdict,
            m.Slot.stale,
            m.Slot.deliverable_id,
            m.Slot.changed_at,
        )
        .join(m.Version, m.Slot.version_id == m.Version.id)
        .join(m.Title, m.Version.title_id == m.Title.id)
        .order_by(m.Title.slug, m.Slot.id)
    )


def _deliverables() -> Select[*tuple[Any, ...]]:
    return (
        select(
            m.Deliverable.id.label("deliverable_id"),
            m.Title.slug.label("title"),
            m.Version.label.label("version"),
            m.Deliverable.language,
            m.Spec.spec_id.label("spec"),
            m.Spec.version.label("spec_version"),
            m.Deliverable.container,
            m.Deliverable.codec,
            m.Deliverable.state,
            last_verdict().label("verdict"),
            m.MediaFile.asset_sha256.label("sha256"),
            m.Deliverable.created_at,
        )
        .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .join(m.Version, m.Deliverable.version_id == m.Version.id)
        .join(m.Title, m.Version.title_id == m.Title.id)
        .order_by(m.Deliverable.id)
    )


def _checks() -> Select[*tuple[Any, ...]]:
    """Every check of every deliverable, as the JSON that was kept."""
    return (
        select(
            m.Deliverable.id.label("deliverable_id"),
            m.QcResult.created_at.label("checked_at"),
            m.QcResult.verdict,
            m.QcResult.items.label("checks"),
        )
        .join(
            m.QcResult,
            (m.QcResult.media_file_id == m.Deliverable.media_file_id) & (m.QcResult.spec_id == m.Deliverable.spec_id),
        )
        .order_by(m.Deliverable.id, m.QcResult.id)
    )


def _decisions() -> Select[*tuple[Any, ...]]:
    return select(
        m.Approval.deliverable_id, m.Approval.decided_at, m.Approval.who, m.Approval.decision, m.Approval.note
    ).order_by(m.Approval.id)


_QUERIES = {"board": _board, "deliverables": _deliverables, "checks": _checks, "decisions": _decisions}
