"""What should be, held against what is recorded: where two derivations of a deliverable part, and why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.history import makers
from db.recipes import Recipe, canonical_json

ReasonKind = Literal["source", "parameters", "spec", "model", "stage", "tool"]
# Parameters that are more than parameters, by name.
_KINDS: Mapping[str, ReasonKind] = {"spec": "spec", "model": "model"}
_SHORT_JSON = 60


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that no step made."""

    name: str


@dataclass(frozen=True, slots=True)
class Desired:
    """A step as it would be done today, whether the catalog knows its recipe, and what it would be made from."""

    recipe: Recipe
    known: bool
    inputs: Mapping[str, tuple[Used, ...]]

    def behind(self) -> Iterator[Desired]:
        """This step and every one before it, each once."""
        seen: set[str] = set()
        ahead = [self]
        while ahead:
            step = ahead.pop()
            if step.recipe.key not in seen:
                seen.add(step.recipe.key)
                yield step
                ahead += [
                    used.maker for role in step.inputs.values() for used in role if isinstance(used.maker, Desired)
                ]


@dataclass(frozen=True, slots=True)
class Used:
    """Bytes a step would use, or that would be delivered: the hash they have or would go by, and what makes them."""

    sha256: str
    maker: Desired | Origin
    role: str

    def step(self) -> Desired:
        """The step that makes them, where it is known that one does."""
        assert isinstance(self.maker, Desired)
        return self.maker


@dataclass(frozen=True, slots=True)
class Reason:
    """One difference: what kind, in which stage, from what to what."""

    kind: ReasonKind
    stage: str
    was: str
    now: str


class Comparison:
    """Holds desired steps against the recorded ones of a run, or of the latest that has them; gathers ``reasons``."""

    def __init__(self, session: Session, run_id: int | None, spec_id: str) -> None:
        self._session = session
        self._run_id = run_id
        self._spec_id = spec_id
        self._seen: set[tuple[str, str]] = set()
        self._reasons: dict[tuple[str, ...], Reason] = {}

    @property
    def reasons(self) -> list[Reason]:
        """Every difference met, each once."""
        return list(self._reasons.values())

    def files(self, wanted: Used, recorded: str) -> None:
        """Compare bytes with what is recorded of these, on the way to the sources."""
        self._keep(self._files("", wanted, recorded, self._run_id))

    def steps(self, wanted: Desired, recorded: m.Recipe) -> None:
        """Compare a step with the recipe it was done by, and all that it is made from."""
        self._keep(self._steps(wanted, recorded, self._run_id))

    def _keep(self, found: Iterator[Reason]) -> None:
        for reason in found:
            # A new model or spec is at work in several stages, and is one reason.
            one = reason.kind in ("source", "spec", "model", "tool")
            self._reasons.setdefault((reason.kind, reason.was, reason.now, "" if one else reason.stage), reason)

    def _files(self, stage: str, wanted: Used, recorded: str, run_id: int | None) -> Iterator[Reason]:
        if wanted.sha256 == recorded:
            return
        if isinstance(wanted.maker, Origin):
            was = _name(self._session, recorded) or wanted.maker.name
            yield Reason("source", stage, f"{was} {recorded[:12]}", f"{wanted.maker.name} {wanted.sha256[:12]}")
            return
        made_by = self._makers(recorded, run_id, wanted.role)
        stage_now = wanted.maker.recipe.stage
        alike = [(recipe, run) for recipe, run in made_by if recipe.stage == stage_now]
        if alike:
            # Bytes that say little, like the spans of a silent dialogue, are given by several steps of one stage.
            desired = wanted.maker
            recipe, run = max(alike, key=lambda one: self._fit(desired, *one)) if len(alike) > 1 else alike[0]
            yield from self._steps(desired, recipe, run, anew=True)
        else:
            was = ", ".join(recipe.stage for recipe, _ in made_by) or "a file"
            yield Reason("stage", stage or stage_now, f"{wanted.role} of {was}", f"{wanted.role} of {stage_now}")

    def _makers(self, recorded: str, run_id: int | None, role: str) -> list[tuple[m.Recipe, int]]:
        """Recipes by which these bytes were made, and in which runs."""
        return [
            (self._session.get_one(m.Recipe, step.recipe_key), run)
            for step, run in makers(self._session, recorded, run_id, role=role, spec_id=self._spec_id)
        ]

    def _fit(self, wanted: Desired, recorded: m.Recipe, run_id: int) -> int:
        """How many of a step's inputs are the recorded step's: twice for the same bytes, once for the same stage's."""
        fit = 0
        for role, now in wanted.inputs.items():
            for one, other in zip(now, _listed(recorded.inputs.get(role, [])), strict=False):
                made_by = {recipe.stage for recipe, _ in self._makers(other, run_id, one.role)}
                same = one.maker.recipe.stage in made_by if isinstance(one.maker, Desired) else not made_by
                fit += 2 if one.sha256 == other else int(same)
        return fit

    def _steps(
        self, wanted: Desired, recorded: m.Recipe, run_id: int | None, *, anew: bool = False
    ) -> Iterator[Reason]:
        pair = (wanted.recipe.key, recorded.key)
        if pair in self._seen:
            return
        self._seen.add(pair)
        if pair[0] == pair[1]:
            if anew:
                yield Reason("stage", recorded.stage, "other bytes of the same recipe", "made again")
            return
        yield from own_reasons(self._session, wanted.recipe, recorded)
        for role in sorted(wanted.inputs.keys() | recorded.inputs.keys()):
            now, was = wanted.inputs.get(role, ()), _listed(recorded.inputs.get(role, []))
            if len(now) != len(was):
                yield Reason("parameters", recorded.stage, f"{len(was)} {role}", f"{len(now)} {role}")
            for one, other in zip(now, was, strict=False):
                yield from self._files(recorded.stage, one, other, run_id)


def own_reasons(session: Session, now: Recipe, was: m.Recipe) -> Iterator[Reason]:
    """What is different about a step itself, whatever it is made from."""
    stage = was.stage
    if now.stage_version != was.stage_version:
        yield Reason("stage", stage, str(was.stage_version), str(now.stage_version))
    rows = session.execute(
        select(m.Model.model_id, m.Model.version, m.Model.weights_sha256)
        .join(m.RecipeModel, m.RecipeModel.model_id == m.Model.id)
        .where(m.RecipeModel.recipe_key == was.key)
    )
    before = {sha256: f"{model_id} {version}" for model_id, version, sha256 in rows}
    today = {model["sha256"]: f"{model['id']} {model['version']}" for model in now.models}
    params = was.params.keys() | now.params.keys()
    if before.keys() != today.keys():
        yield Reason("model", stage, *_parted(before, today))
        params -= {"model"}  # the name of what is loaded, which is told
    for tool in sorted(was.tools.keys() | now.tools.keys()):
        if was.tools.get(tool) != now.tools.get(tool):
            used, uses = was.tools.get(tool, "unused"), now.tools.get(tool, "unused")
            yield Reason("tool", stage, f"{tool} {used}", f"{tool} {uses}")
    for name in sorted(params):
        old, new = was.params.get(name), now.params.get(name)
        if canonical_json(old) != canonical_json(new):
            told = _told(name, old), _told(name, new)
            if told[0] == told[1]:  # changed in place, under the same version
                told = f"{told[0]} {_digest(old)}", f"{told[1]} {_digest(new)}"
            yield Reason(_KINDS.get(name, "parameters"), stage, *told)


def _name(session: Session, sha256: str) -> str | None:
    return session.execute(
        select(m.MediaFile.origin_name).filter_by(asset_sha256=sha256).order_by(m.MediaFile.id).limit(1)
    ).scalar()


def _parted(before: Mapping[str, str], today: Mapping[str, str]) -> tuple[str, str]:
    """The models, by hash, that only one of the two has: by name, and by hash where their names are the same."""
    gone = {sha: name for sha, name in before.items() if sha not in today}
    new = {sha: name for sha, name in today.items() if sha not in before}
    if sorted(gone.values()) == sorted(new.values()):
        gone, new = ({sha: f"{name} {sha[:12]}" for sha, name in some.items()} for some in (gone, new))
    was, now = (", ".join(sorted(some.values())) or "none" for some in (gone, new))
    return was, now


def _told(name: str, value: Any) -> str:
    """A parameter in a few words: policies and specs by id and version, rules by version, other things as they are."""
    if isinstance(value, Mapping) and "version" in value:
        known_as = value.get("id", name)
        return f"{known_as} {value['version']}"
    text = json.dumps(value, sort_keys=True, default=str)
    return f"{name} {text if len(text) <= _SHORT_JSON else text[:_SHORT_JSON] + '...'}"


def _digest(value: Any) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()[:8]


def _listed(given: str | Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given
