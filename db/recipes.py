"""The recipe: everything that decides a step's bytes, and the key that names it."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import insert_new

SHA256 = re.compile(r"[0-9a-f]{64}\Z")


class ModelFacts(TypedDict):
    """A model as a recipe names it; ``licence`` is None where its weights state none."""

    id: str
    name: str
    version: str
    sha256: str
    licence: str | None


class SpecRef(TypedDict):
    """A delivery spec as a recipe names it."""

    id: str
    version: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A step before it runs.

    ``inputs`` maps a role to one asset's SHA-256 or a list of them; ``tools`` maps a tool to its version.
    Raises ValueError or TypeError where the content has no single canonical form (NaN, keys that are not text).
    """

    stage: str
    stage_version: int
    params: Mapping[str, Any]
    inputs: Mapping[str, str | Sequence[str]]
    models: Sequence[ModelFacts] = ()
    spec: SpecRef | None = None
    tools: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for digest in [*(sha for _, _, sha in input_list(self.inputs)), *(model["sha256"] for model in self.models)]:
            if not SHA256.match(digest):
                raise ValueError(f"not a SHA-256 in hexadecimal: {digest!r}")

    @property
    def key(self) -> str:
        """SHA-256 of the recipe's canonical JSON.

        Of a model only the weights' hash counts: correcting its name or licence recomputes nothing.
        """
        content = {
            "stage": self.stage,
            "stage_version": self.stage_version,
            "params": self.params,
            "inputs": self.inputs,
            "models": sorted(model["sha256"] for model in self.models),
            "spec": None if self.spec is None else {"id": self.spec["id"], "version": str(self.spec["version"])},
            "tools": self.tools,
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()


def input_list(inputs: Mapping[str, str | Sequence[str]]) -> list[tuple[str, int, str]]:
    """Every input of a recipe as (role, place in the role, SHA-256)."""
    return [
        (role, position, sha)
        for role, given in inputs.items()
        for position, sha in enumerate([given] if isinstance(given, str) else given)
    ]


def canonical_json(content: Any) -> bytes:
    """The one JSON text of ``content``: sorted keys, no spaces, ASCII, floats as their shortest exact decimal."""
    return json.dumps(plain(content), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def plain(content: Any) -> Any:
    """``content`` as dicts, lists and scalars only; raises TypeError or ValueError for what JSON cannot say exactly."""
    if content is None or isinstance(content, bool | int | str):
        return content
    if isinstance(content, float):
        if not math.isfinite(content):
            raise ValueError(f"{content} has no place in a recipe")
        return content
    if isinstance(content, Mapping):
        strange = [key for key in content if not isinstance(key, str)]
        if strange:
            raise TypeError(f"keys must be text: {strange}")
        return {key: plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    raise TypeError(f"{type(content).__name__} has no canonical JSON: {content!r}")


def keep_recipe(session: Session, recipe: Recipe) -> str:
    """Write the recipe and its models unless they are known; returns its key."""
    key = recipe.key
    if session.get(m.Recipe, key) is not None:
        return key
    insert_new(
        session,
        m.Recipe,
        [
            {
                "key": key,
                "stage": recipe.stage,
                "stage_version": recipe.stage_version,
                "params": plain(recipe.params),
                "inputs": plain(recipe.inputs),
                "spec_id": recipe.spec["id"] if recipe.spec else None,
                "spec_version": str(recipe.spec["version"]) if recipe.spec else None,
                "tools": plain(recipe.tools),
            }
        ],
    )
    ids = {keep_model(session, model) for model in recipe.models}
    insert_new(session, m.RecipeModel, [{"recipe_key": key, "model_id": row_id} for row_id in ids])
    return key


def keep_model(session: Session, model: ModelFacts) -> int:
    """Write a model unless it is known by id, version and weights; returns its row id."""
    named = {"model_id": model["id"], "version": str(model["version"]), "weights_sha256": model["sha256"]}
    insert_new(session, m.Model, [{**named, "name": model["name"], "licence": model["licence"]}])
    return session.execute(select(m.Model.id).filter_by(**named)).scalar_one()
