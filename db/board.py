"""What the review desk's board shows, paged in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db import models as m
from db.connection import Database


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
            done = dict(
                session.execute(
                    select(m.Step.run_id, func.count())
                    .where(m.Step.run_id.in_(ids), m.Step.state == "completed")
                    .group_by(m.Step.run_id)
                )
                .tuples()
                .all()
            )
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

    def last_change(self) -> datetime | None:
        """When a line of the board changed last."""
        with self.read() as session:
            return session.execute(select(func.max(m.Slot.changed_at))).scalar()
