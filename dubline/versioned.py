"""Policy is data: a folder of YAML files, each a checked, frozen, versioned model."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from dubline.errors import BadInput

# Names that share about half their letters are worth offering in place of an unknown one.
_NEAR = 0.5


class Data(BaseModel):
    """A part of a data file: unknown keys are errors, nothing changes once read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> str:
        """The sha256 of the content: the same data gives the same digest on every machine."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()


class Named(Protocol):
    """A data file's model has an id."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Named)


class Shelf(Generic[T]):
    """The data files of one kind (``spec``, ``policy``) that ship in ``folder``, read by ``validate``."""

    def __init__(self, kind: str, folder: Path, validate: Callable[[object], T]) -> None:
        self.kind = kind
        self._folder = folder
        self._validate = validate

    def load(self, path: Path) -> T:
        """The model in a YAML file; `BadInput` when it is not one or has a key that its kind does not have."""
        try:
            return self._validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise BadInput(f"the {self.kind} cannot be read", str(path), f"give a YAML file ({error})") from error
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"]) or "top level"
            raise BadInput(
                f"the {self.kind} is not valid at {key}", str(path), f"correct it: {first['msg']}"
            ) from error

    @cached_property
    def all(self) -> tuple[T, ...]:
        """Everything that ships with dubline, by id."""
        return tuple(sorted(map(self.load, self._folder.glob("*.yaml")), key=lambda item: item.id))

    def get(self, wanted: str) -> T:
        """The one called ``wanted``; `BadInput` names the near misses when there is none."""
        by_id = {item.id: item for item in self.all}
        if wanted in by_id:
            return by_id[wanted]
        near = difflib.get_close_matches(wanted, by_id, cutoff=_NEAR) or list(by_id)
        raise BadInput(f"unknown {self.kind} '{wanted}'", self.kind, f"use one of {', '.join(near)}")
