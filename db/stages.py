"""What the stages of a run made, and what follows from one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from db import models as m
from db.connection import Database
from db.history import run_that_made


@dataclass(frozen=True, slots=True)
class StageMade:
    """One completed step of a run; ``inputs`` and ``outputs`` are SHA-256s by role, ``seconds`` what it took.

    ``cached`` says whether the catalog answered it.
    """

    step_id: int
    stage: str
    params: dict[str, Any]
    inputs: dict[str, tuple[str, ...]]
    outputs: dict[str, str]
    seconds: float
    cached: bool


@dataclass(frozen=True, slots=True)
class Following:
    """What is made anew when a stage is: how many steps by stage, the seconds they took, the deliverables by id."""

    stages: dict[str, int]
    seconds: float
    deliverables: tuple[int, ...]


class Stages(Database):
    """A run from the inside."""

    def latest_run_with(self, version_id: int, stage: str) -> int | None:
        """The version's latest run that completed ``stage``."""
        with self.read() as session:
            return session.execute(
                select(func.max(m.Step.run_id))
                .join(m.Run, m.Step.run_id == m.Run.id)
                .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
                .where(m.Run.version_id == version_id, m.Recipe.stage == stage, m.Step.state == "completed")
            ).scalar()

    def run_of_deliverable(self, deliverable_id: int) -> int | None:
        """The latest run that made a deliverable's bytes."""
        with self.read() as session:
            row = session.get_one(m.Deliverable, deliverable_id)
            sha256 = session.get_one(m.MediaFile, row.media_file_id).asset_sha256
            return run_that_made(session, sha256, row.version_id)

    def made_in(self, run_id: int, stages: Sequence[str] | None = None) -> list[StageMade]:
        """The completed steps of a run, of these stages or of all, in the order in which they began."""
        with self.read() as session:
            return _made_in(session, run_id, stages)

    def following(self, run_id: int, stage: str) -> Following:
        """What of a run follows from ``stage``, itself included: what a change of its inputs makes stale.

        By the run's derivations; only steps that began after it, for the bytes it gave may have been there before.
        """
        with self.read() as session:
            steps = _made_in(session, run_id, None)
            first = next((step for step in steps if step.stage == stage), None)
            if first is None:
                return Following({}, 0.0, ())
            reached, affected = set(first.outputs.values()), [first]
            for step in steps:
                if step.step_id > first.step_id and any(reached.intersection(given) for given in step.inputs.values()):
                    reached.update(step.outputs.values())
                    affected.append(step)
            version_id = session.get_one(m.Run, run_id).version_id
            deliverables = session.execute(
                select(m.Deliverable.id)
                .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
                .where(
                    m.Deliverable.version_id == version_id,
                    m.Deliverable.state != "superseded",
                    m.MediaFile.asset_sha256.in_(reached),
                )
                .order_by(m.Deliverable.id)
            ).scalars()
            return Following(
                stages=dict(Counter(step.stage for step in affected)),
                seconds=sum(step.seconds for step in affected),
                deliverables=tuple(deliverables),
            )


def _made_in(session: Session, run_id: int, stages: Sequence[str] | None) -> list[StageMade]:
    source = aliased(m.Step)
    query = (
        select(m.Step, m.Recipe, source)
        .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
        .outerjoin(source, m.Step.source_step_id == source.id)
        .where(m.Step.run_id == run_id, m.Step.state == "completed")
        .order_by(m.Step.id)
    )
    if stages is not None:
        query = query.where(m.Recipe.stage.in_(stages))
    rows = session.execute(query).all()
    ids = [step.id for step, *_ in rows]
    inputs: dict[int, dict[str, tuple[str, ...]]] = {step_id: {} for step_id in ids}
    used = select(m.StepInput).where(m.StepInput.step_id.in_(ids)).order_by(m.StepInput.role, m.StepInput.position)
    for one in session.scalars(used):
        held = inputs[one.step_id]
        held[one.role] = (*held.get(one.role, ()), one.asset_sha256)
    outputs: dict[int, dict[str, str]] = {step_id: {} for step_id in ids}
    for step_id, role, sha256 in session.execute(
        select(m.StepOutput.step_id, m.StepOutput.role, m.MediaFile.asset_sha256)
        .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
        .where(m.StepOutput.step_id.in_(ids))
    ):
        outputs[step_id][role] = sha256
    return [
        StageMade(
            step_id=step.id,
            stage=recipe.stage,
            params=recipe.params,
            inputs=inputs[step.id],
            outputs=outputs[step.id],
            seconds=_seconds(made or step),
            cached=step.cache_hit,
        )
        for step, recipe, made in rows
    ]


def _seconds(step: m.Step) -> float:
    return (step.ended_at - step.started_at).total_seconds() if step.ended_at else 0.0
