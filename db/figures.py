"""What a studio watches, added up by the database: steps and how long they took, runs, bytes, verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, and_, case, cast, extract, func, or_, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.models.base import now

# Seconds: a probe takes a tenth, a feature's separation an hour.
BOUNDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

# A step this old is written for good, once it has ended: no transaction lasts so long.
_SETTLED = timedelta(minutes=10)

# Of how many of the newest runs the titles are told one by one: a figure per title of a large catalog serves nobody.
NEWEST_RUNS = 100


@dataclass(slots=True)
class StepFigures:
    """The ended steps of one stage: how many were made, failed or answered from the catalog, and how long making took.

    ``within`` counts the made ones by duration: up to each of `BOUNDS`, and longer. ``device_seconds`` are by device.
    """

    made: int = 0
    cached: int = 0
    failed: int = 0
    seconds: float = 0.0
    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    device_seconds: Counter[str] = field(default_factory=Counter)

    def add(self, other: StepFigures) -> None:
        """Add those of other steps of the stage."""
        self.made += other.made
        self.cached += other.cached
        self.failed += other.failed
        self.seconds += other.seconds
        self.within = [mine + theirs for mine, theirs in zip(self.within, other.within, strict=True)]
        self.device_seconds.update(other.device_seconds)


@dataclass(frozen=True, slots=True)
class TitleSeconds:
    """Seconds that one title's steps had a device."""

    title: str
    device: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StudioFigures:
    """The catalog at one moment; ``runs`` are counted by state and exit code, deliverables by state."""

    titles: int
    runs: Mapping[tuple[str, int | None], int]
    steps: Mapping[str, StepFigures]
    verdicts: Mapping[str, int]
    deliverables: Mapping[str, int]
    store_bytes: int
    store_assets: int
    newest_titles: Sequence[TitleSeconds]


class Figures(Database):
    """Asks the catalog for its figures again and again; what can no longer change is added up once and kept.

    Not for several threads at once.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._settled: dict[str, StepFigures] = {}
        self._settled_to = 0

    def figures(self) -> StudioFigures:
        """All figures, of one consistent view. Raises DbError."""
        with self.read() as session:
            return StudioFigures(
                titles=session.execute(select(func.count()).select_from(m.Title)).scalar_one(),
                runs=_counted(session, m.Run.state, m.Run.exit_code),
                steps=self._steps(session),
                verdicts=_counted(session, m.QcResult.verdict),
                deliverables=_counted(session, m.Deliverable.state),
                **_stored(session),
                newest_titles=list(_newest_titles(session)),
            )

    def _steps(self, session: Session) -> dict[str, StepFigures]:
        newest = session.execute(select(func.max(m.Step.id))).scalar() or 0
        if newest < self._settled_to:  # another catalog was restored in its place
            self._settled, self._settled_to = {}, 0
        open_from = session.execute(
            select(func.min(m.Step.id)).where(
                m.Step.id > self._settled_to,
                or_(m.Step.state == "running", m.Step.started_at > now() - _SETTLED),
            )
        ).scalar()
        settle_to = newest if open_from is None else open_from - 1
        _add_up(self._settled, _step_figures(session, self._settled_to, settle_to))
        self._settled_to = settle_to
        present: dict[str, StepFigures] = {}
        for stages in (self._settled.items(), _step_figures(session, settle_to, newest)):
            _add_up(present, stages)
        return present


def _add_up(into: dict[str, StepFigures], stages: Any) -> None:
    for stage, figures in stages:
        into.setdefault(stage, StepFigures()).add(figures)


def _step_figures(session: Session, after: int, last: int) -> Iterator[tuple[str, StepFigures]]:
    """Figures of the ended steps with ids from above ``after`` up to ``last``, by stage; a stage may come twice."""
    if last <= after:
        return
    seconds = seconds_between(session, m.Step.started_at, m.Step.ended_at)
    ended = (
        select(
            m.Recipe.stage.label("stage"),
            m.Step.device.label("device"),
            m.Step.state.label("state"),
            m.Step.cache_hit.label("cached"),
            seconds.label("seconds"),
        )
        .join(m.Recipe, m.Recipe.key == m.Step.recipe_key)
        .where(m.Step.id > after, m.Step.id <= last, m.Step.state != "running")
        .subquery()
    ).c
    made = and_(ended.state == "completed", ended.cached.is_(False))
    rows = session.execute(
        select(
            ended.stage,
            ended.device,
            _number_of(made),
            _number_of(ended.cached.is_(True)),
            _number_of(ended.state != "completed"),
            func.sum(case((made, ended.seconds), else_=0.0)),
            *(_number_of(and_(made, ended.seconds <= bound)) for bound in BOUNDS),
        ).group_by(ended.stage, ended.device)
    )
    for stage, device, number, cached, failed, total, *up_to in rows:
        within = [high - low for low, high in zip([0, *up_to], [*up_to, number], strict=True)]
        on_device: Counter[str] = Counter({device: float(total)} if device else {})
        yield stage, StepFigures(number, cached, failed, float(total), within, on_device)


def seconds_between(session: Session, start: Any, end: Any) -> ColumnElement[float]:
    """SQL for the seconds from one moment to another."""
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(end) - func.julianday(start)) * 86400.0
    return cast(extract("epoch", end - start), Double)


def _number_of(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(case((holds, 1), else_=0), Integer)), 0)


def _counted(session: Session, *columns: Any) -> dict[Any, int]:
    rows = session.execute(select(*columns, func.count()).group_by(*columns)).all()
    return {(tuple(key) if len(key) > 1 else key[0]): number for *key, number in rows}


def _stored(session: Session) -> dict[str, int]:
    there = m.Asset.storage_uri.startswith("store:") & m.Asset.collected_at.is_(None)
    number, total = session.execute(select(func.count(), func.coalesce(func.sum(m.Asset.bytes), 0)).where(there)).one()
    return {"store_assets": number, "store_bytes": int(total)}


def _newest_titles(session: Session) -> Iterator[TitleSeconds]:
    newest = select(m.Run.version_id).order_by(m.Run.id.desc()).limit(NEWEST_RUNS).subquery()
    seconds = func.sum(seconds_between(session, m.Step.started_at, m.Step.ended_at))
    rows = session.execute(
        select(m.Title.slug, m.Step.device, seconds)
        .join(m.Version, m.Version.title_id == m.Title.id)
        .join(m.Run, m.Run.version_id == m.Version.id)
        .join(m.Step, m.Step.run_id == m.Run.id)
        .where(
            m.Version.id.in_(select(newest.c.version_id)),
            m.Step.device.is_not(None),
            m.Step.state == "completed",
            m.Step.cache_hit.is_(False),
        )
        .group_by(m.Title.slug, m.Step.device)
    )
    for title, device, total in rows:
        yield TitleSeconds(title, str(device), float(total))
