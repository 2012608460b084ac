"""Which steps gave these bytes, and which used them: the questions lineage and staleness are made of."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from db import models as m


def run_that_made(session: Session, sha256: str, version_id: int) -> int | None:
    """The version's latest run that gave these bytes, by work or by answer from the catalog."""
    return session.execute(
        select(func.max(m.Run.id))
        .join(m.Step, m.Step.run_id == m.Run.id)
        .where(m.Run.version_id == version_id, _gave(sha256), m.Step.state == "completed")
    ).scalar()


def makers(
    session: Session, sha256: str, run_id: int | None, *, role: str = "", spec_id: str | None = None
) -> list[tuple[m.Step, int]]:
    """Completed steps that gave these bytes, one per recipe, and their runs.

    Those of ``run_id``; where it has none, or is None, those of the latest run of each version. Where several steps
    of a run gave the same bytes (a conform that had nothing to change hands its input on), those are meant that
    were not at work for another spec than ``spec_id``, then those that gave them in ``role``, the one in which they
    were used, then those that did not have them already.
    """
    made = _gave(sha256) & (m.Step.state == "completed")
    found = latest(session, made & (m.Step.run_id == run_id)) if run_id is not None else []
    if not found:
        runs = select(func.max(m.Run.id)).join(m.Step, m.Step.run_id == m.Run.id).where(made).group_by(m.Run.version_id)
        found = latest(session, made & m.Step.run_id.in_(runs))
    steps = [step for step, _ in found]
    if len(steps) > 1 and spec_id is not None:
        steps = [step for step in steps if _spec_of(session, step) in (None, spec_id)] or steps
    if len(steps) > 1:
        steps = (
            [step for step in steps if role in _roles(session, m.StepOutput, step, sha256)]
            or [step for step in steps if not _roles(session, m.StepInput, step, sha256)]
            or steps
        )
    return [(step, step.run_id) for step in steps]


def users(
    session: Session, sha256: str, version_id: int | None, *, role: str = "", spec_id: str | None = None
) -> list[tuple[m.Step, int]]:
    """Completed steps that used these bytes, one per recipe and version, and their versions.

    Of a version's steps those that used them as what another step gave, in a role that is not ``role``, are that
    other step's to show; with ``spec_id``, those at work for another spec have nothing to do with it.
    """
    used: ColumnElement[bool] = m.Step.id.in_(select(m.StepInput.step_id).where(m.StepInput.asset_sha256 == sha256))
    if version_id is not None:
        used &= m.Run.version_id == version_id
    found = [
        (step, version)
        for step, version in latest(session, used)
        if spec_id is None or _spec_of(session, step) in (None, spec_id)
    ]
    if version_id is None:
        return found
    given = set(
        session.execute(
            select(m.StepOutput.role)
            .join(m.Step, m.StepOutput.step_id == m.Step.id)
            .join(m.Run, m.Step.run_id == m.Run.id)
            .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
            .where(m.MediaFile.asset_sha256 == sha256, m.Run.version_id == version_id, m.Step.state == "completed")
        ).scalars()
    )
    if role not in given:
        return found
    others = given - {role}
    return [(step, version) for step, version in found if not _roles(session, m.StepInput, step, sha256) <= others]


def _roles(session: Session, table: type[m.StepInput] | type[m.StepOutput], step: m.Step, sha256: str) -> set[str]:
    """Roles in which a step used, or gave, these bytes."""
    query = select(table.role).where(table.step_id == step.id)
    if table is m.StepInput:
        query = query.where(m.StepInput.asset_sha256 == sha256)
    else:
        query = query.join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id).where(
            m.MediaFile.asset_sha256 == sha256
        )
    return set(session.execute(query).scalars())


def _spec_of(session: Session, step: m.Step) -> str | None:
    return session.get_one(m.Recipe, step.recipe_key).spec_id


def _gave(sha256: str) -> ColumnElement[bool]:
    return m.Step.id.in_(
        select(m.StepOutput.step_id)
        .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
        .where(m.MediaFile.asset_sha256 == sha256)
    )


def latest(session: Session, condition: ColumnElement[bool]) -> Sequence[tuple[m.Step, int]]:
    """The latest completed step per recipe and version that meets the condition, and its version's id."""
    ids = (
        select(func.max(m.Step.id))
        .join(m.Run, m.Step.run_id == m.Run.id)
        .where(condition, m.Step.state == "completed")
        .group_by(m.Step.recipe_key, m.Run.version_id)
    )
    query = select(m.Step, m.Run.version_id).join(m.Run, m.Step.run_id == m.Run.id).where(m.Step.id.in_(ids))
    return [row.tuple() for row in session.execute(query.order_by(m.Step.id))]
