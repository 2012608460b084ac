"""What steps took when they were last done, to say what it would take to do them again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from db import models as m
from db.connection import Database


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a version's steps took on average, by stage, and of its runs' time for each second of step."""

    seconds: dict[str, float]
    elapsed_per_second: float

    def of(self, stages: list[str]) -> float:
        """Seconds until one step of each of ``stages`` is done; a stage never done takes as long as the average."""
        usual = sum(self.seconds.values()) / max(len(self.seconds), 1)
        return self.elapsed_per_second * sum(self.seconds.get(stage, usual) for stage in stages)


class Costs(Database):
    """What the work took."""

    def cost(self, version_id: int) -> Cost:
        """What a version's completed runs took, those that were all answered from the catalog left out."""
        steps: dict[str, list[float]] = {}
        done: dict[int, float] = {}
        with self.read() as session:
            rows = session.execute(
                select(m.Recipe.stage, m.Step.run_id, m.Step.started_at, m.Step.ended_at)
                .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
                .join(m.Run, m.Step.run_id == m.Run.id)
                .where(m.Run.version_id == version_id, m.Step.state == "completed", m.Step.cache_hit.is_(False))
            )
            for stage, run_id, started, ended in rows.tuples():
                seconds = (ended - started).total_seconds() if ended is not None else 0.0
                steps.setdefault(stage, []).append(seconds)
                done[run_id] = done.get(run_id, 0.0) + seconds
            runs = session.execute(
                select(m.Run.id, m.Run.started_at, m.Run.ended_at).where(m.Run.id.in_(done), m.Run.state == "completed")
            ).tuples()
            elapsed = {run_id: (end - start).total_seconds() for run_id, start, end in runs if end is not None}
        worked = sum(done[run_id] for run_id in elapsed)
        return Cost(
            {stage: sum(each) / len(each) for stage, each in steps.items()},
            sum(elapsed.values()) / worked if worked else 1.0,
        )
