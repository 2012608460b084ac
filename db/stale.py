"""Deliverables that today's sources, orders, models, specs, stages or tools would make differently, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.assets import hash_file
from db.connection import Database
from db.desired import Comparison, Desired, Reason, Used
from db.files import unchanged
from db.history import makers, run_that_made
from db.titles import KEPT_STATES
from db.verdicts import last_verdict

# Language, spec id, container, codec: what an order's row names, and a deliverable is known by.
Place = tuple[str, str, str, str]
# The role in which a checking step uses what it checks.
_CHECKED = "deliverables"


@dataclass(frozen=True, slots=True)
class DesiredFile:
    """A deliverable as it would be made today, and the step that would check it."""

    file: Used
    check: Desired


@dataclass(frozen=True, slots=True)
class StaleDeliverable:
    """A current deliverable and every reason to make it again."""

    deliverable_id: int
    version_id: int
    slug: str
    version: str
    language: str
    spec_id: str
    container: str
    codec: str
    state: str
    verdict: str | None
    due: date | None
    path: str
    reasons: tuple[Reason, ...]

    @property
    def kept(self) -> bool:
        """Whether a person approved it, so that it is made again only where that is asked for."""
        return self.state in KEPT_STATES


@dataclass(frozen=True, slots=True)
class DeliveredVersion:
    """A version of a title of which something was delivered."""

    version_id: int
    slug: str
    version: str


class Stale(Database):
    """What has been overtaken."""

    def delivered_versions(self) -> list[DeliveredVersion]:
        """Every version with a deliverable that is not superseded, by title."""
        with self.read() as session:
            found = session.execute(
                select(m.Version.id, m.Title.slug, m.Version.label)
                .join(m.Title, m.Version.title_id == m.Title.id)
                .where(m.Version.id.in_(select(m.Deliverable.version_id).where(m.Deliverable.state != "superseded")))
                .order_by(m.Title.slug, m.Version.id)
            )
            return [DeliveredVersion(*row) for row in found.tuples()]

    def stale(self, version_id: int, desired: Mapping[Place, DesiredFile]) -> list[StaleDeliverable]:
        """Deliverables of a version that are not what is ``desired`` now, by language and spec.

        Of a place's deliverables the candidate is the current one; where there is none, any that is approved or
        delivered. What is at a place nobody desires any more is not stale. One whose bytes are as desired is stale all
        the same where they would be checked otherwise today.
        """
        with self.read() as session:
            due = {
                (row.language, row.spec_id, row.container, row.codec): row.due
                for row in session.scalars(select(m.Wanted).filter_by(version_id=version_id))
            }
            found = []
            for place, current in current_deliverables(session, version_id).items():
                if place in desired:
                    reasons = _reasons(session, current, desired[place])
                    if reasons:
                        found.append(_told(session, current[-1], place[1], due.get(place), reasons))
            return found

    def source_hash(self, path: Path) -> str | None:
        """SHA-256 of a studio's file as it is now, read only where size, time or inode say that it changed.

        Of one that is not there, the last it was known by; None for one that never was. Nothing is written.
        """
        with self.read() as session:
            known = session.get(m.SourceFile, str(path.resolve()))
        if known is not None and unchanged(known):
            return known.asset_sha256
        try:
            return hash_file(path)
        except OSError:
            return known.asset_sha256 if known is not None else None

    def last_recipe(self, version_id: int, stage: str) -> str | None:
        """The key of the recipe by which a step of this stage was last completed for a version; None for none."""
        with self.read() as session:
            return session.execute(
                select(m.Step.recipe_key)
                .join(m.Run, m.Step.run_id == m.Run.id)
                .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
                .where(m.Run.version_id == version_id, m.Recipe.stage == stage, m.Step.state == "completed")
                .order_by(m.Step.id.desc())
                .limit(1)
            ).scalar()


def current_deliverables(session: Session, version_id: int) -> dict[Place, list[m.Deliverable]]:
    """A version's current deliverables by place, the latest last."""
    rows = session.execute(
        select(m.Deliverable, m.Spec.spec_id)
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .where(m.Deliverable.version_id == version_id, m.Deliverable.state != "superseded")
        .order_by(m.Deliverable.language, m.Spec.spec_id, m.Deliverable.id)
    )
    found: dict[Place, list[m.Deliverable]] = {}
    for row, spec_id in rows.tuples():
        found.setdefault((row.language, spec_id, row.container, row.codec), []).append(row)
    return {place: [row for row in rows if row.state == "candidate"] or rows for place, rows in found.items()}


def _reasons(session: Session, current: Sequence[m.Deliverable], desired: DesiredFile) -> list[Reason]:
    """Why the current deliverable would be made or checked otherwise; none where it would not."""
    by_hash = {session.get_one(m.MediaFile, row.media_file_id).asset_sha256: row for row in current}
    same = desired.file.sha256 in by_hash
    sha256 = desired.file.sha256 if same else next(reversed(by_hash))
    row = by_hash[sha256]
    spec_id = session.get_one(m.Spec, row.spec_id).spec_id
    run_id = run_that_made(session, sha256, row.version_id)
    checked = last_check(session, row.version_id, sha256, run_id, spec_id, desired.check.recipe.stage)
    if same and checked is not None and checked.key == desired.check.recipe.key:
        return []
    comparison = Comparison(session, run_id, spec_id)
    comparison.files(desired.file, sha256)
    if checked is not None:
        comparison.steps(desired.check, checked)
    return comparison.reasons or [Reason("stage", desired.check.recipe.stage, "never done", "due")]


def last_check(
    session: Session, version_id: int, sha256: str, run_id: int | None, spec_id: str, stage: str
) -> m.Recipe | None:
    """The recipe by which a version's deliverable was last checked: itself, or the files that its list is made of."""
    listed = [
        used
        for step, _ in makers(session, sha256, run_id, spec_id=spec_id)
        for used in session.scalars(select(m.StepInput.asset_sha256).filter_by(step_id=step.id))
    ]
    checking = select(m.StepInput.step_id).where(m.StepInput.role == _CHECKED)
    key = session.execute(
        select(m.Step.recipe_key)
        .join(m.Run, m.Step.run_id == m.Run.id)
        .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
        .where(
            m.Run.version_id == version_id,
            m.Step.state == "completed",
            m.Recipe.stage == stage,
            m.Recipe.spec_id == spec_id,
            m.Step.id.in_(checking.where(m.StepInput.asset_sha256.in_([sha256, *listed]))),
        )
        .order_by(m.Step.id.desc())
        .limit(1)
    ).scalar()
    return session.get_one(m.Recipe, key) if key is not None else None


def _told(
    session: Session, row: m.Deliverable, spec_id: str, due: date | None, reasons: Sequence[Reason]
) -> StaleDeliverable:
    version = session.get_one(m.Version, row.version_id)
    return StaleDeliverable(
        deliverable_id=row.id,
        version_id=row.version_id,
        slug=session.get_one(m.Title, version.title_id).slug,
        version=version.label,
        language=row.language,
        spec_id=spec_id,
        container=row.container,
        codec=row.codec,
        state=row.state,
        verdict=session.scalar(select(last_verdict()).where(m.Deliverable.id == row.id)),
        due=due,
        path=row.path,
        reasons=tuple(reasons),
    )
