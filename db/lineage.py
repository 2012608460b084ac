"""Where bytes came from and what came of them, as a tree, in both directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.history import latest, makers, run_that_made, users
from db.naming import Kind, Named, hash_if_file, resolve, resolve_as

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Made:
    """A deliverable that something had a part in."""

    deliverable_id: int
    slug: str
    name: str
    version: str
    language: str
    spec_id: str
    state: str
    created_at: datetime


@dataclass(slots=True)
class Node:
    """One thing in a lineage: an asset, step, model, spec or deliverable.

    ``role`` says what it is to its parent; ``repeated`` that its own children stand elsewhere in the tree.
    """

    kind: str
    id: str
    label: str
    role: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    repeated: bool = False

    def to_json(self) -> dict[str, Any]:
        """The tree as plain dicts and lists."""
        plain = {"kind": self.kind, "id": self.id, "label": self.label, "role": self.role, "facts": self.facts}
        return {**plain, "repeated": self.repeated, "children": [child.to_json() for child in self.children]}

    def walk(self) -> list[Node]:
        """Every node, this one first."""
        return [self, *(node for child in self.children for node in child.walk())]


class Lineage(Database):
    """From a deliverable to its master, from a master, model or spec to what it made."""

    def lineage(self, named: str, *, direction: Direction | None = None) -> Node:
        """The tree of a deliverable's id, a file's path, an asset's hash (8 digits or more), a model or a spec.

        Without a direction: up to the sources, or down from what has none. Raises NotFound.
        """
        file_sha256 = hash_if_file(named)
        with self.read() as session:
            start = resolve(session, named, file_sha256)
            if start.kind in ("model", "spec"):
                return _Walk(session, spec_id=start.id if start.kind == "spec" else None).from_rule(start)
            return _of_bytes(session, start, direction)

    def lineage_of(self, kind: Kind, name: str) -> Node:
        """The tree of what ``name`` is by its kind: up to the sources of a deliverable or an asset, a model or a
        spec by itself. No file is looked for. Raises NotFound.
        """
        with self.read() as session:
            start = resolve_as(session, kind, name)
            if start.kind == "model":
                return _model(session.get_one(m.Model, start.row))
            if start.kind == "spec":
                spec = session.get_one(m.Spec, start.row)
                return _spec(spec.spec_id, spec.version)
            return _of_bytes(session, start, "up")

    def made_with(self, kind: Kind, name: str, *, offset: int, limit: int) -> list[Made]:
        """Deliverables not superseded of the versions in which it had a part, latest first. Raises NotFound.

        For a spec those made for it, for a model and an asset those of every version where a step used it.
        """
        with self.read() as session:
            start = resolve_as(session, kind, name)
            query = (
                select(m.Deliverable, m.Spec.spec_id, m.Title.slug, m.Title.name, m.Version.label)
                .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
                .join(m.Version, m.Deliverable.version_id == m.Version.id)
                .join(m.Title, m.Version.title_id == m.Title.id)
                .where(_had_a_part(start), m.Deliverable.state != "superseded")
                .order_by(m.Deliverable.id.desc())
            )
            return [
                Made(row.id, slug, title, label, row.language, spec_id, row.state, row.created_at)
                for row, spec_id, slug, title, label in session.execute(query.offset(offset).limit(limit))
            ]


def _of_bytes(session: Session, start: Named, direction: Direction | None) -> Node:
    """The tree of a deliverable or an asset."""
    down = direction == "down" or (direction is None and not makers(session, start.id, None))
    if start.kind == "deliverable":
        row = session.get_one(m.Deliverable, start.row)
        within = row.version_id if down else run_that_made(session, start.id, row.version_id)
        spec_id = session.get_one(m.Spec, row.spec_id).spec_id
        root = _deliverable(session, row)
        root.children = [_Walk(session, spec_id=spec_id).asset(start.id, "file", down=down, within=within)]
        return root
    return _Walk(session).asset(start.id, "", down=down)


def _had_a_part(start: Named) -> ColumnElement[bool]:
    """Deliverables made for a spec, or of versions where a step used the model or the bytes."""
    if start.kind == "spec":
        return m.Deliverable.spec_id == start.row
    used = select(m.Run.version_id).join(m.Step, m.Step.run_id == m.Run.id).where(m.Step.state == "completed")
    if start.kind == "model":
        named = select(m.RecipeModel.recipe_key).where(m.RecipeModel.model_id == start.row)
        return m.Deliverable.version_id.in_(used.where(m.Step.recipe_key.in_(named)))
    return m.Deliverable.version_id.in_(select(m.MediaFile.version_id).where(m.MediaFile.asset_sha256 == start.id))


class _Walk:
    """One walk through the derivations, each asset opened once.

    Upwards it stays within the run that made the asset, downwards within the version: the same bytes (digital
    silence, say) may come up in many titles, and each has its own history. ``spec_id`` keeps the walk to what was
    made for one spec: a mix that two specs leave alone is the same bytes in both their histories.
    """

    def __init__(self, session: Session, *, spec_id: str | None = None) -> None:
        self.session = session
        self.spec_id = spec_id
        self._opened: set[tuple[str, tuple[int, ...]]] = set()

    def from_rule(self, start: Named) -> Node:
        """Everything made with a model or under a spec."""
        if start.kind == "model":
            root = _model(self.session.get_one(m.Model, start.row))
            condition: ColumnElement[bool] = m.Step.recipe_key.in_(
                select(m.RecipeModel.recipe_key).where(m.RecipeModel.model_id == start.row)
            )
        else:
            spec = self.session.get_one(m.Spec, start.row)
            root = _spec(spec.spec_id, spec.version)
            condition = m.Step.recipe_key.in_(
                select(m.Recipe.key).where(m.Recipe.spec_id == spec.spec_id, m.Recipe.spec_version == spec.version)
            )
        root.children = [self._step(step, version, down=True) for step, version in latest(self.session, condition)]
        if start.kind == "spec":
            seen = {node.id for node in root.walk() if node.kind == "deliverable"}
            rows = self.session.execute(select(m.Deliverable).filter_by(spec_id=start.row)).scalars()
            root.children += [_deliverable(self.session, row) for row in rows if str(row.id) not in seen]
        return root

    def asset(self, sha256: str, role: str, *, down: bool, within: int | None = None) -> Node:
        """An asset and what lies beyond it; ``within`` is a version's id downwards, a run's upwards."""
        node = _asset(self.session, sha256, role)
        beyond = users if down else makers
        steps = beyond(self.session, sha256, within, role=role, spec_id=self.spec_id)
        opened = (sha256, tuple(step.id for step, _ in steps))
        node.repeated = bool(steps) and opened in self._opened
        if not node.repeated:
            self._opened.add(opened)
            node.children = [self._step(step, inside, down=down) for step, inside in steps]
            node.children += self._deliverables(sha256, within) if down else []
        return node

    def _deliverables(self, sha256: str, version_id: int | None) -> list[Node]:
        query = (
            select(m.Deliverable)
            .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
            .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
            .where(m.MediaFile.asset_sha256 == sha256)
        )
        if version_id is not None:
            query = query.where(m.Deliverable.version_id == version_id)
        if self.spec_id is not None:
            query = query.where(m.Spec.spec_id == self.spec_id)
        return [_deliverable(self.session, row) for row in self.session.execute(query).scalars()]

    def _step(self, step: m.Step, within: int, *, down: bool) -> Node:
        recipe = self.session.get_one(m.Recipe, step.recipe_key)
        node = Node(
            "step",
            str(step.id),
            f"{recipe.stage} v{recipe.stage_version}",
            facts={
                "run": step.run_id,
                "recipe": recipe.key,
                "params": recipe.params,
                "tools": recipe.tools,
                "cached": step.cache_hit,
                "seconds": _seconds(self.session, step),
                "ended": step.ended_at.isoformat() if step.ended_at else None,
            },
        )
        if down:
            made = self.session.execute(
                select(m.StepOutput.role, m.MediaFile.asset_sha256)
                .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
                .where(m.StepOutput.step_id == step.id)
                .order_by(m.StepOutput.role)
            ).all()
            node.children = [self.asset(sha, role, down=True, within=within) for role, sha in made]
            return node
        node.children = [_model(model) for model in _models_of(self.session, recipe.key)]
        if recipe.spec_id is not None:
            node.children.append(_spec(recipe.spec_id, recipe.spec_version or ""))
        used = self.session.execute(
            select(m.StepInput.role, m.StepInput.asset_sha256)
            .where(m.StepInput.step_id == step.id)
            .order_by(m.StepInput.role, m.StepInput.position)
        ).all()
        node.children += [self.asset(sha, role, down=False, within=within) for role, sha in used]
        return node


def _seconds(session: Session, step: m.Step) -> float | None:
    """How long the step took, or the one that answered for it."""
    worked = session.get_one(m.Step, step.source_step_id) if step.source_step_id is not None else step
    return (worked.ended_at - worked.started_at).total_seconds() if worked.ended_at is not None else None


def _models_of(session: Session, recipe_key: str) -> Sequence[m.Model]:
    return (
        session.execute(
            select(m.Model)
            .join(m.RecipeModel, m.RecipeModel.model_id == m.Model.id)
            .where(m.RecipeModel.recipe_key == recipe_key)
            .order_by(m.Model.model_id)
        )
        .scalars()
        .all()
    )


def _asset(session: Session, sha256: str, role: str) -> Node:
    asset = session.get_one(m.Asset, sha256)
    files = session.execute(select(m.MediaFile).filter_by(asset_sha256=sha256).order_by(m.MediaFile.id)).scalars().all()
    sources = session.execute(select(m.SourceFile.path).filter_by(asset_sha256=sha256)).scalars().all()
    names = dict.fromkeys(
        [Path(path).name for path in sources] + [file.origin_name or f"{file.role}{file.suffix}" for file in files]
    )
    facts: dict[str, Any] = {"bytes": asset.bytes, "suffix": asset.suffix, "uri": asset.storage_uri}
    if asset.collected_at is not None:
        facts["collected"] = asset.collected_at.isoformat()
    if sources:
        facts["paths"] = list(sources)
    return Node("asset", sha256, ", ".join(names) or f"bytes{asset.suffix}", role, facts)


def _model(model: m.Model) -> Node:
    facts = {"sha256": model.weights_sha256, "licence": model.licence, "name": model.name}
    return Node("model", model.model_id, f"{model.model_id} {model.version}", "model", facts)


def _spec(spec_id: str, version: str) -> Node:
    return Node("spec", spec_id, f"{spec_id} {version}", "spec", {"version": version})


def _deliverable(session: Session, row: m.Deliverable) -> Node:
    spec = session.get_one(m.Spec, row.spec_id)
    version = session.get_one(m.Version, row.version_id)
    title = session.get_one(m.Title, version.title_id)
    label = f"{title.name} {version.label} {row.language} {spec.spec_id} {spec.version}"
    return Node("deliverable", str(row.id), label, "deliverable", {"path": row.path, "state": row.state})
