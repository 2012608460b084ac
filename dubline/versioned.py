"""Policy is data: a folder of YAML files, each a checked, frozen, versioned model.

What ships with dubline lies in the package; a studio's own files lie in a folder that the caller names.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from dubline.errors import BadInput

# Names that share about half their letters are worth offering in place of an unknown one.
_NEAR = 0.5
_SUFFIXES = (".yaml", ".yml")


class Data(BaseModel):
    """A part of a data file: unknown keys are errors, nothing changes once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def body(self) -> dict[str, Any]:
        """The content in JSON values."""
        return self.model_dump(mode="json")

    def digest(self) -> str:
        """The sha256 of the content: the same data gives the same digest on every machine."""
        body = json.dumps(self.body(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()


class Versioned(Protocol):
    """A data file's model has an id, and a version that is raised with every change."""

    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...

    def digest(self) -> str:
        """The sha256 of the content."""


T = TypeVar("T", bound=Versioned)


class Shelf(Generic[T]):
    """The data files of one kind (``spec``, ``policy``) that ship in ``folder``, read by ``validate``."""

    def __init__(self, kind: str, folder: Path, validate: Callable[[object], T]) -> None:
        self.kind = kind
        self._folder = folder
        self._validate = validate

    def load(self, path: Path) -> T:
        """The model in a YAML file; `BadInput` when it is not one or has a key that its kind does not have."""
        try:
            return self._validate(yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeys))
        except ValidationError as error:
            raise self._said(error, path) from error
        # PyYAML raises ValueError for a date like 2023-13-45, RecursionError for lists in lists without end.
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            raise BadInput(f"the {self.kind} cannot be read", str(path), f"give a YAML file ({error})") from error

    @cached_property
    def all(self) -> tuple[T, ...]:
        """Everything that ships with dubline, by id."""
        return tuple(sorted(map(self.load, self._folder.glob("*.yaml")), key=lambda item: item.id))

    def get(self, wanted: str, added: Path | None = None) -> T:
        """The one called ``wanted``; `BadInput` names the near misses when there is none."""
        by_id = {item.id: item for item in self.with_added(added)}
        if wanted in by_id:
            return by_id[wanted]
        near = difflib.get_close_matches(wanted, by_id, cutoff=_NEAR) or list(by_id)
        raise BadInput(f"unknown {self.kind} '{wanted}'", self.kind, f"use one of {', '.join(near)}")

    def with_added(self, added: Path | None) -> tuple[T, ...]:
        """What ships and the files of the folder ``added``, by id; of several versions of one id the highest.

        Raises `BadInput` for a file that is no model, one that words a known id and version otherwise, and one that
        is older than what ships under its id.
        """
        highest = {item.id: item for item in self.all}
        files = self._files(added)
        for path, item in files:
            self._agree(item, path, files)
            if item.id not in highest or item.version > highest[item.id].version:
                highest[item.id] = item
        return tuple(highest[name] for name in sorted(highest))

    def standing(self, added: Path | None) -> dict[str, str]:
        """By id: ``shipped``, ``added``, or which shipped version is overridden."""
        shipped = {item.id: item.version for item in self.all}

        def of(item: T) -> str:
            if item.id not in shipped:
                return "added"
            return "shipped" if item.version == shipped[item.id] else f"overrides shipped version {shipped[item.id]}"

        return {item.id: of(item) for item in self.with_added(added)}

    def check(self, path: Path, added: Path | None) -> T:
        """The model in the file at ``path``, which need not lie in ``added``; refused as by `with_added`."""
        item = self.load(path)
        self._agree(item, path, self._files(added))
        return item

    def _agree(self, item: T, path: Path, files: Sequence[tuple[Path, T]]) -> None:
        """Raise `BadInput` where ``item`` of ``path`` contradicts what ships or another one of the studio's files."""
        newest = max((one.version for one in self.all if one.id == item.id), default=0)
        others = (*self.all, *(one for other, one in files if other.resolve() != path.resolve()))
        twins = [one for one in others if (one.id, one.version) == (item.id, item.version)]
        if any(one.digest() != item.digest() for one in twins):
            what = f"{self.kind} '{item.id}' version {item.version} is known with other content"
            mend = f"a changed {self.kind} is a new version: give it version {max(newest, item.version) + 1}"
            raise BadInput(what, str(path), mend)
        if item.version < newest:
            what = f"{self.kind} '{item.id}' version {item.version} is older than version {newest}, which ships"
            raise BadInput(what, str(path), f"give it version {newest + 1} or remove it")

    def _files(self, folder: Path | None) -> list[tuple[Path, T]]:
        """The studio's files in the order of their names; a folder that is not there holds none."""
        if folder is None or not folder.is_dir():
            return []
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        return [(path, self.load(path)) for path in paths]

    def _said(self, error: ValidationError, path: Path) -> BadInput:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "top level"
        return BadInput(f"the {self.kind} is not valid at {key}", str(path), f"correct it: {first['msg']}")


class UniqueKeys(yaml.SafeLoader):
    """YAML 1.2 section 3.2.1.1: keys are unique. PyYAML would silently keep the last one."""


def _mapping(loader: UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key, count in Counter(str(key) for key in keys).items():
        if count > 1:
            raise yaml.constructor.ConstructorError(None, None, f"key '{key}' stands twice", node.start_mark)
    return loader.construct_mapping(node)


UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
