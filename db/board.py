"""What the review desk's board shows, paged in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Label, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.desired import Reason
from db.models.base import now
from db.stale import StaleDeliverable

Sort = Literal["due", "name", "changed"]
# States in which something is still to be done.
OPEN = ("missing", "candidate", "failed", "rejected")
# States of a run that ended badly.
STOPPED = ("failed", "crashed", "cancelled")
# Later than any delivery: what has no day comes last.
_NEVER = date(9999, 12, 31)
# Words longer than a title's name find nothing.
_SEARCH_LENGTH = 100


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Which lines to show: each field narrows, empty ones do not.

    ``state`` is a slot's, or ``running`` (its title is), ``stopped`` (not made, last run ended badly), ``stale``.
    """

    search: str = ""
    state: str = ""
    language: str = ""
    spec: str = ""
    due_before: date | None = None
    sort: Sort = "due"
    page: int = 1
    size: int = 50


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """One language and spec of a title: its state, last verdict, and why it is stale (one reason a line)."""

    slot_id: int
    language: str
    spec_id: str
    container: str
    codec: str
    due: date | None
    wanted: bool
    deliverable_id: int | None
    state: str
    verdict: str | None
    stale: str | None


@dataclass(frozen=True, slots=True)
class BoardRun:
    """The last run of a title."""

    run_id: int
    state: str
    started_at: datetime
    ended_at: datetime | None
    error: str | None
    prefect_flow_run_id: str | None


@dataclass(frozen=True, slots=True)
class BoardTitle:
    """A version of a title with those of its slots that were asked for; ``due`` is the first of their days."""

    version_id: int
    slug: str
    name: str
    version: str
    original_language: str | None
    due: date | None
    run: BoardRun | None
    slots: tuple[BoardSlot, ...]


@dataclass(frozen=True, slots=True)
class BoardPage:
    """One page of the board; ``total`` counts all titles that were asked for."""

    titles: tuple[BoardTitle, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """The whole board in figures: slots by state, ``stale`` and ``stopped`` among them, and what to filter by."""

    states: dict[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    running: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run at work: its title, the steps in hand, how many are done, and since when it runs."""

    run_id: int
    version_id: int
    slug: str
    name: str
    version: str
    steps: tuple[str, ...]
    done: int
    started_at: str
    prefect_flow_run_id: str | None


class Board(Database):
    """Titles by languages by specs, and where each stands."""

    def board(self, query: BoardQuery) -> BoardPage:
        """One page of titles in the order asked for."""
        with self.read() as session:
            found = session.execute(_titles(query)).all()
            if not found and query.page > 1:
                # The page is beyond the end: how many there are is asked apart.
                total = session.execute(select(func.count()).select_from(_matching(query).subquery())).scalar_one()
            else:
                total = found[0].total if found else 0
            ids = [row.version_id for row in found]
            slots = _slots(session, query, ids)
            runs = _last_runs(session, ids)
        titles = tuple(
            BoardTitle(
                version_id=row.version_id,
                slug=row.slug,
                name=row.name,
                version=row.label,
                original_language=row.original_language,
                due=row.due,
                run=runs.get(row.version_id),
                slots=tuple(slots[row.version_id]),
            )
            for row in found
        )
        return BoardPage(titles, total, query.page, max(1, -(-total // query.size)))

    def board_summary(self, today: date) -> BoardSummary:
        """The board in figures."""
        with self.read() as session:
            states = dict(session.execute(select(m.Slot.state, func.count()).group_by(m.Slot.state)).tuples().all())
            states |= {"stale": _count(session, m.Slot.stale.is_not(None)), "stopped": _count(session, _stopped())}
            return BoardSummary(
                states=states,
                languages=tuple(session.scalars(select(m.Slot.language).distinct().order_by(m.Slot.language))),
                specs=tuple(session.scalars(select(m.Slot.spec_id).distinct().order_by(m.Slot.spec_id))),
                running=_count(session, m.Run.state == "running"),
                overdue=_count(session, (m.Slot.due < today) & m.Slot.state.in_(OPEN)),
            )

    def running(self) -> list[RunningRun]:
        """Every run at work, the oldest first."""
        with self.read() as session:
            rows = session.execute(
                select(m.Run, m.Title.slug, m.Title.name, m.Version.label)
                .join(m.Version, m.Run.version_id == m.Version.id)
                .join(m.Title, m.Version.title_id == m.Title.id)
                .where(m.Run.state == "running")
                .order_by(m.Run.id)
            ).all()
            ids = [run.id for run, *_ in rows]
            counted = select(m.Step.run_id, func.count()).where(m.Step.run_id.in_(ids), m.Step.state == "completed")
            done = dict(session.execute(counted.group_by(m.Step.run_id)).tuples().all())
            steps: dict[int, list[str]] = {}
            for run_id, stage in session.execute(
                select(m.Step.run_id, m.Recipe.stage)
                .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
                .where(m.Step.run_id.in_(ids), m.Step.state == "running")
                .order_by(m.Step.id)
            ):
                steps.setdefault(run_id, []).append(stage)
            return [
                RunningRun(
                    run_id=run.id,
                    version_id=run.version_id,
                    slug=slug,
                    name=name,
                    version=label,
                    steps=tuple(dict.fromkeys(steps.get(run.id, []))),
                    done=done.get(run.id, 0),
                    started_at=run.started_at.isoformat(),
                    prefect_flow_run_id=run.prefect_flow_run_id,
                )
                for run, slug, name, label in rows
            ]

    def note_stale(self, version_id: int, found: Sequence[StaleDeliverable]) -> None:
        """Write on the board what of a version is stale and why, and that the rest of it is not."""
        reasons = {one.deliverable_id: "\n".join(map(_words, one.reasons)) for one in found}
        with self.write() as session:
            for slot in session.scalars(select(m.Slot).filter_by(version_id=version_id)):
                told = reasons.get(slot.deliverable_id) if slot.deliverable_id is not None else None
                if slot.stale != told:
                    slot.stale, slot.changed_at = told, now()

    def at_work(self) -> tuple[int, int]:
        """How many runs are at work, and the latest one's number, 0 for none: while both stay, no run came or went."""
        with self.read() as session:
            latest = session.execute(select(func.max(m.Run.id))).scalar()
            return _count(session, m.Run.state == "running"), latest or 0

    def last_change(self) -> datetime | None:
        """When a line of the board changed last."""
        with self.read() as session:
            return session.execute(select(func.max(m.Slot.changed_at))).scalar()


def _words(reason: Reason) -> str:
    return f"{reason.kind} ({reason.stage}): {reason.was} -> {reason.now}"


def _matching(query: BoardQuery) -> Select[Any]:
    """Versions with a slot that was asked for, their first day and their last change."""
    found = select(m.Slot.version_id, func.min(m.Slot.due).label("due"), _changed(query)).group_by(m.Slot.version_id)
    found = found.where(*_conditions(query))
    words = query.search.strip()[:_SEARCH_LENGTH]
    if words:
        named = (
            select(m.Version.id)
            .join(m.Title, m.Version.title_id == m.Title.id)
            .where(or_(m.Title.name.icontains(words, autoescape=True), m.Title.slug.icontains(words, autoescape=True)))
        )
        found = found.where(m.Slot.version_id.in_(named))
    return found


def _changed(query: BoardQuery) -> Label[Any]:
    """The last change where it is sorted by; it stands in no index beside the others."""
    return (func.max(m.Slot.changed_at) if query.sort == "changed" else func.min(None)).label("changed")


def _titles(query: BoardQuery) -> Select[Any]:
    """A page of versions, with their names; only sorting by name needs the names of all."""
    lines = _matching(query).subquery()
    page = select(lines, func.count().over().label("total"))
    if query.sort == "name":
        page = page.join(m.Version, m.Version.id == lines.c.version_id).join(m.Title, m.Version.title_id == m.Title.id)
    page = page.order_by(*_order(query, lines)).offset((query.page - 1) * query.size).limit(query.size)
    rows = page.subquery()
    return (
        select(
            rows.c.version_id,
            rows.c.due,
            rows.c.total,
            m.Title.slug,
            m.Title.name,
            m.Title.original_language,
            m.Version.label,
        )
        .join(m.Version, m.Version.id == rows.c.version_id)
        .join(m.Title, m.Version.title_id == m.Title.id)
        .order_by(*_order(query, rows))
    )


def _order(query: BoardQuery, lines: Subquery) -> tuple[ColumnElement[Any], ...]:
    """By what was asked for, then by version, so that every page has its own titles."""
    first: dict[str, ColumnElement[Any]] = {
        "due": func.coalesce(lines.c.due, _NEVER),
        "name": func.lower(m.Title.name),
        "changed": lines.c.changed.desc(),
    }
    return first[query.sort], lines.c.version_id


def _conditions(query: BoardQuery) -> list[ColumnElement[bool]]:
    """What a slot must be."""
    found: list[ColumnElement[bool]] = []
    if query.language:
        found.append(m.Slot.language == query.language)
    if query.spec:
        found.append(m.Slot.spec_id == query.spec)
    if query.due_before is not None:
        found.append(m.Slot.due < query.due_before)
    match query.state:
        case "":
            pass
        case "running":
            found.append(m.Slot.version_id.in_(select(m.Run.version_id).where(m.Run.state == "running")))
        case "stopped":
            found.append(_stopped())
        case "stale":
            found.append(m.Slot.stale.is_not(None))
        case state:
            found.append(m.Slot.state == state)
    return found


def _stopped() -> ColumnElement[bool]:
    """Not made, and the title's last run ended badly."""
    last = select(func.max(m.Run.id)).group_by(m.Run.version_id)
    ended = select(m.Run.version_id).where(m.Run.id.in_(last), m.Run.state.in_(STOPPED))
    return and_(m.Slot.state == "missing", m.Slot.version_id.in_(ended))


def _slots(session: Session, query: BoardQuery, ids: Sequence[int]) -> dict[int, list[BoardSlot]]:
    found: dict[int, list[BoardSlot]] = {version_id: [] for version_id in ids}
    columns = [getattr(m.Slot, "id" if one.name == "slot_id" else one.name) for one in fields(BoardSlot)]
    rows = session.execute(
        select(m.Slot.version_id, *columns)
        .where(m.Slot.version_id.in_(ids), *_conditions(query))
        .order_by(m.Slot.version_id, m.Slot.language, m.Slot.spec_id, m.Slot.id)
    )
    for version_id, *facts in rows:
        found[version_id].append(BoardSlot(*facts))
    return found


def _last_runs(session: Session, ids: Sequence[int]) -> dict[int, BoardRun]:
    last = select(func.max(m.Run.id)).where(m.Run.version_id.in_(ids)).group_by(m.Run.version_id)
    return {
        run.version_id: BoardRun(run.id, run.state, run.started_at, run.ended_at, run.error, run.prefect_flow_run_id)
        for run in session.scalars(select(m.Run).where(m.Run.id.in_(last)))
    }


def _count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).where(condition)).scalar_one()
