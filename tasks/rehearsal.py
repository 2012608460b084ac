"""A rehearsal: what today's steps would make of a title, asked of the catalog, without running or writing anything.

While one is held in this context, a step that is submitted computes its recipe and looks it up. What the catalog knows
is answered as it would be in a run; what it does not know gets outputs that do not exist, named by a hash of recipe and
role. So every later recipe has a key of its own too, and is as unknown as what it is made from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.desired import Desired, Origin, Used
from db.errors import NotFound
from db.recipes import Recipe
from db.runs import StoredOutputs
from tasks.context import means

_present: ContextVar[Rehearsal | None] = ContextVar("rehearsal", default=None)


def rehearsal() -> Rehearsal | None:
    """The one that is held here; None in a run."""
    return _present.get()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a step gives, or would give: the catalog's answer, or outputs that do not exist yet."""

    outputs: dict[str, str]
    values: dict[str, Any]


class _NotYet(dict[str, str]):
    """Outputs of a step that was never done, by role: hashes of nothing."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, role: str) -> str:
        self[role] = hashlib.sha256(f"{self._key} {role}".encode()).hexdigest()
        return self[role]


@dataclass(frozen=True, slots=True)
class Asked:
    """One input of a step that is asked for; ``key`` is the recipe that gives it in ``role``, where that is known."""

    sha256: str
    key: str | None = None
    role: str = ""


class Rehearsal:
    """What was asked for so far, for one version, and what it would be made from."""

    def __init__(self, version_id: int) -> None:
        self.using = means()
        self._version_id = version_id
        self._steps: dict[str, tuple[Desired, dict[str, str]]] = {}
        self._origins: dict[str, Path] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Steps that are submitted in this context are rehearsed."""
        token = _present.set(self)
        try:
            yield
        finally:
            _present.reset(token)

    def source(self, path: Path) -> str:
        """The hash of a studio's file; of one that is not there now, the last it was known by. Raises `NotFound`."""
        sha256 = self.using.catalog.source_hash(path)
        if sha256 is None:
            raise NotFound("a source is not there, and never was", str(path), "correct the order, or bring the file")
        self._origins[sha256] = path
        return sha256

    def step(self, recipe: Recipe, inputs: Mapping[str, Sequence[Asked]]) -> Foreseen:
        """What the catalog answers for this recipe, or would be asked to keep; ``inputs`` are the recipe's."""
        found = self.using.catalog.find_outputs(recipe.key)
        if found is not None:
            outputs, values = {role: asset.sha256 for role, asset in found.outputs.items()}, dict(found.measurements)
        else:
            # The values of what is not done yet are guessed: those that the version has now.
            outputs, values = _NotYet(recipe.key), dict(self._stand_in(recipe.stage).measurements)
        if recipe.key not in self._steps:
            used = {role: tuple(self._used(one) for one in given) for role, given in inputs.items()}
            self._steps[recipe.key] = Desired(recipe, found is not None, used), outputs
        return Foreseen(self._steps[recipe.key][1], values)

    def asked(self, key: str) -> Desired:
        """A step that was asked for, by its recipe's key."""
        return self._steps[key][0]

    def output(self, key: str, role: str) -> Used:
        """An output of a step that was asked for, by its recipe's key."""
        desired, outputs = self._steps[key]
        return Used(outputs[role], desired, role)

    def readable(self, sha256: str) -> str:
        """The hash of what can be read in place of an output that is not made yet: what the version has now."""
        made_by = self._maker(sha256)
        if made_by is None or self._steps[made_by[0]][0].known:
            return sha256
        return self._stand_in(self._steps[made_by[0]][0].recipe.stage).outputs[made_by[1]].sha256

    def _used(self, one: Asked) -> Used:
        made_by = (one.key, one.role) if one.key is not None else self._maker(one.sha256)
        if made_by is not None:
            return Used(one.sha256, self._steps[made_by[0]][0], made_by[1])
        return Used(one.sha256, Origin(self._origins[one.sha256].name), "")

    def _maker(self, sha256: str) -> tuple[str, str] | None:
        """Recipe and role of the first step that gives these bytes."""
        for key, (_, outputs) in self._steps.items():
            for role, output in outputs.items():
                if output == sha256:
                    return key, role
        return None

    def _stand_in(self, stage: str) -> StoredOutputs:
        catalog = self.using.catalog
        key = catalog.last_recipe(self._version_id, stage)
        found = catalog.find_outputs(key) if key is not None else None
        return found or StoredOutputs(step_id=0, outputs={}, measurements={})
