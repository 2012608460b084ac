"""Deliverables that today's sources, models, specs, stages or tools would make differently, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.assets import hash_file
from db.connection import Database
from db.files import unchanged
from db.history import makers, run_that_made

ReasonKind = Literal["source", "model", "spec", "stage", "tool"]


@dataclass(frozen=True, slots=True)
class StageNow:
    """A stage as it would run today: its version, the SHA-256s of the weights it loads, its tools' versions."""

    version: int
    models: frozenset[str]
    tools: Mapping[str, str]


# What a stage with these parameters would be today; None where nothing is known of it, and nothing is compared.
StagesNow = Callable[[str, Mapping[str, Any]], StageNow | None]


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

    def stale(self, stages_now: StagesNow, *, specs_now: Mapping[str, str]) -> list[StaleDeliverable]:
        """Deliverables not superseded that would be made differently today, anywhere between master and file.

        ``specs_now`` maps a spec id to its version today; a spec not named in it is not compared. Sources are told
        apart by size, time and inode, and hashed where those differ; one that is nowhere any more has not changed.
        """
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
            # A master is behind many deliverables, and takes minutes to hash.
            source_change = cache(lambda sha256: _source_change(session, sha256))
            for row, sha256, spec, version, title in rows:
                reasons = _reasons(session, row, sha256, spec, source_change, stages_now, specs_now)
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
    session: Session,
    row: m.Deliverable,
    sha256: str,
    spec: m.Spec,
    source_change: Callable[[str], list[Reason]],
    stages_now: StagesNow,
    specs_now: Mapping[str, str],
) -> list[Reason]:
    """Reasons in the order they are met, each once."""
    reasons = _spec_change("deliver", spec.spec_id, spec.version, specs_now)
    run_id = run_that_made(session, sha256, row.version_id)
    recipes, origins = behind(session, sha256, run_id, spec_id=spec.spec_id)
    for origin in origins:
        reasons += source_change(origin)
    for recipe in recipes:
        reasons += _spec_change(recipe.stage, recipe.spec_id, recipe.spec_version, specs_now)
        stage_now = stages_now(recipe.stage, recipe.params)
        if stage_now is not None:
            reasons += _stage_changes(session, recipe, stage_now)
    return list(dict.fromkeys(reasons))


def behind(session: Session, sha256: str, run_id: int | None, *, spec_id: str) -> tuple[list[m.Recipe], list[str]]:
    """Every recipe between a deliverable's bytes and what no step made, in the run that made them, nearest first.

    The second answer is what no step made, by SHA-256.
    """
    recipes: dict[str, m.Recipe] = {}
    origins: dict[str, None] = {}
    ahead = [(sha256, "", run_id)]
    seen = set(ahead)
    while ahead:
        asset, role, within = ahead.pop(0)
        made_by = makers(session, asset, within, role=role, spec_id=spec_id)
        if not made_by:
            origins[asset] = None
        for step, run in made_by:
            recipes.setdefault(step.recipe_key, session.get_one(m.Recipe, step.recipe_key))
            used = session.execute(select(m.StepInput.asset_sha256, m.StepInput.role).filter_by(step_id=step.id))
            fresh = {(sha, used_as, run) for sha, used_as in used} - seen
            seen |= fresh
            ahead += sorted(fresh)
    return list(recipes.values()), list(origins)


def _source_change(session: Session, sha256: str) -> list[Reason]:
    """Other bytes wherever these once lay, and these nowhere any more."""
    asset = session.get_one(m.Asset, sha256)
    if asset.storage_uri.startswith("store:"):
        return []
    places = set(session.scalars(select(m.SourceFile.path).filter_by(asset_sha256=sha256)))
    places.add(url2pathname(urlsplit(asset.storage_uri).path))
    found = {Path(place): _bytes_at(session, place) for place in sorted(places)}
    if sha256 in found.values():
        return []
    return [
        Reason("source", "ingest", f"{path.name} {sha256[:12]}", f"{path.name} {there[:12]}")
        for path, there in found.items()
        if there is not None
    ]


def _bytes_at(session: Session, place: str) -> str | None:
    """SHA-256 of what lies there; None where nothing can be read."""
    source = session.get(m.SourceFile, place)
    if source is not None and unchanged(source):
        return source.asset_sha256
    try:
        return hash_file(Path(place))
    except OSError:
        return None


def _spec_change(stage: str, spec_id: str | None, was: str | None, specs_now: Mapping[str, str]) -> list[Reason]:
    if spec_id is None or specs_now.get(spec_id, was) == was:
        return []
    return [Reason("spec", stage, f"{spec_id} {was}", f"{spec_id} {specs_now[spec_id]}")]


def _stage_changes(session: Session, recipe: m.Recipe, today: StageNow) -> list[Reason]:
    found = []
    if today.version != recipe.stage_version:
        found.append(Reason("stage", recipe.stage, str(recipe.stage_version), str(today.version)))
    loaded = frozenset(
        session.execute(
            select(m.Model.weights_sha256)
            .join(m.RecipeModel, m.RecipeModel.model_id == m.Model.id)
            .where(m.RecipeModel.recipe_key == recipe.key)
        ).scalars()
    )
    if loaded != today.models:
        found.append(Reason("model", recipe.stage, _short(loaded), _short(today.models)))
    for tool in sorted(recipe.tools.keys() | today.tools.keys()):
        was, is_now = recipe.tools.get(tool, "unused"), today.tools.get(tool, "unused")
        if was != is_now:
            found.append(Reason("tool", recipe.stage, f"{tool} {was}", f"{tool} {is_now}"))
    return found


def _short(hashes: frozenset[str]) -> str:
    return ", ".join(sorted(sha[:12] for sha in hashes)) or "none"
