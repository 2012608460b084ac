"""Deliverables that today's models, specs, stages or tools would make differently, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.lineage import makers, run_that_made

ReasonKind = Literal["model", "spec", "stage", "tool"]


@dataclass(frozen=True, slots=True)
class CurrentFacts:
    """What a run started now would use; a stage, spec or tool not named here is not compared.

    ``stages`` maps a stage to its version, ``models`` a stage to the SHA-256s of the weights it loads,
    ``specs`` a spec id to its version, ``tools`` a tool to the version that enters recipes.
    """

    stages: Mapping[str, int] = field(default_factory=dict)
    models: Mapping[str, frozenset[str]] = field(default_factory=dict)
    specs: Mapping[str, str] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """One difference: what kind, in which stage, from what to what."""

    kind: ReasonKind
    stage: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class StaleDeliverable:
    """A current deliverable and every reason to make it again."""

    deliverable_id: int
    slug: str
    version: str
    language: str
    spec_id: str
    state: str
    path: str
    reasons: tuple[Reason, ...]


class Stale(Database):
    """What has been overtaken."""

    def stale(self, current: CurrentFacts) -> list[StaleDeliverable]:
        """Deliverables not superseded whose recipes differ from ``current`` anywhere between master and file."""
        with self.read() as session:
            rows = session.execute(
                select(m.Deliverable, m.MediaFile.asset_sha256, m.Spec, m.Version, m.Title)
                .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
                .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
                .join(m.Version, m.Deliverable.version_id == m.Version.id)
                .join(m.Title, m.Version.title_id == m.Title.id)
                .where(m.Deliverable.state != "superseded")
                .order_by(m.Title.slug, m.Deliverable.id)
            ).all()
            found = []
            for row, sha256, spec, version, title in rows:
                reasons = _reasons(session, row, sha256, spec, current)
                if reasons:
                    found.append(
                        StaleDeliverable(
                            deliverable_id=row.id,
                            slug=title.slug,
                            version=version.label,
                            language=row.language,
                            spec_id=spec.spec_id,
                            state=row.state,
                            path=row.path,
                            reasons=tuple(reasons),
                        )
                    )
            return found


def _reasons(
    session: Session, row: m.Deliverable, sha256: str, spec: m.Spec, current: CurrentFacts
) -> dict[Reason, None]:
    """Reasons in the order they are met, each once."""
    reasons: dict[Reason, None] = {}
    wanted = current.specs.get(spec.spec_id, spec.version)
    if wanted != spec.version:
        reasons[Reason("spec", "deliver", f"{spec.spec_id} {spec.version}", f"{spec.spec_id} {wanted}")] = None
    for recipe in recipes_behind(session, sha256, run_that_made(session, sha256, row.version_id)):
        reasons.update(dict.fromkeys(_differences(session, recipe, current)))
    return reasons


def recipes_behind(session: Session, sha256: str, run_id: int | None) -> list[m.Recipe]:
    """Every recipe between these bytes and their sources, in the run that made them, nearest first."""
    recipes: dict[str, m.Recipe] = {}
    ahead: list[tuple[str, int | None]] = [(sha256, run_id)]
    seen = set(ahead)
    while ahead:
        for step, run in makers(session, *ahead.pop(0)):
            recipes.setdefault(step.recipe_key, session.get_one(m.Recipe, step.recipe_key))
            used = session.execute(select(m.StepInput.asset_sha256).filter_by(step_id=step.id)).scalars()
            fresh = {(sha, run) for sha in used} - seen
            seen |= fresh
            ahead += sorted(fresh)
    return list(recipes.values())


def _differences(session: Session, recipe: m.Recipe, current: CurrentFacts) -> list[Reason]:
    found = []
    version = current.stages.get(recipe.stage, recipe.stage_version)
    if version != recipe.stage_version:
        found.append(Reason("stage", recipe.stage, str(recipe.stage_version), str(version)))
    if recipe.stage in current.models:
        loaded = frozenset(
            session.execute(
                select(m.Model.weights_sha256)
                .join(m.RecipeModel, m.RecipeModel.model_id == m.Model.id)
                .where(m.RecipeModel.recipe_key == recipe.key)
            ).scalars()
        )
        if loaded != current.models[recipe.stage]:
            found.append(Reason("model", recipe.stage, _short(loaded), _short(current.models[recipe.stage])))
    if recipe.spec_id is not None:
        wanted = current.specs.get(recipe.spec_id, recipe.spec_version or "")
        if wanted != recipe.spec_version:
            was = f"{recipe.spec_id} {recipe.spec_version}"
            found.append(Reason("spec", recipe.stage, was, f"{recipe.spec_id} {wanted}"))
    found += [
        Reason("tool", recipe.stage, f"{tool} {was}", f"{tool} {current.tools[tool]}")
        for tool, was in _text(recipe.tools).items()
        if current.tools.get(tool, was) != was
    ]
    return found


def _text(tools: Mapping[str, Any]) -> dict[str, str]:
    return {tool: str(version) for tool, version in tools.items()}


def _short(hashes: frozenset[str]) -> str:
    return ", ".join(sorted(sha[:12] for sha in hashes)) or "none"
