"""Edits: what a person, or the review desk, says about the events of one cut, in a YAML or JSON file.

``docs/clean.md`` shows one. An edit changes an event, drops one that is none, or adds one that was missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from dubline.audio.layout import MASK_BITS
from dubline.errors import BadInput
from dubline.versioned import Data, UniqueKeys
from dubline.vocalization.events import Disposition, Event, Label, Stem

# A span that shares less than this with an event, of what both cover, is another event's.
SAME_EVENT = 0.5

_Seconds = Annotated[float, Field(ge=0)]
_Channels = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(Data):
    @field_validator("channels", check_fields=False)
    @classmethod
    def _known_tags(cls, tags: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if unknown := [tag for tag in tags or () if tag not in MASK_BITS]:
            raise ValueError(f"'{unknown[0]}' is no channel tag: use those of the events file, such as FC or FL")
        return tags

    @model_validator(mode="after")
    def _forward(self) -> Self:
        start, end = getattr(self, "start_seconds", None), getattr(self, "end_seconds", None)
        if start is not None and end is not None and start >= end:
            raise ValueError(f"it ends at {end} s, before it begins at {start} s")
        return self


class Place(_Part):
    """Where an event is: its span, its channels and its stem."""

    start_seconds: _Seconds
    end_seconds: _Seconds
    channels: _Channels
    stem: Stem = "me"

    def overlap(self, event: Event) -> float:
        """What both spans share, of what both cover; 0 in other channels or another stem."""
        if event.stem != self.stem or set(event.channels) != set(self.channels):
            return 0.0
        shared = min(self.end_seconds, event.end_seconds) - max(self.start_seconds, event.start_seconds)
        whole = max(self.end_seconds, event.end_seconds) - min(self.start_seconds, event.start_seconds)
        return max(shared, 0.0) / whole


class _Signed(_Part):
    """Who says it, and why."""

    who: str = Field(min_length=1)
    note: str = ""


class _OfAnEvent(_Signed):
    """About a detected event: by its id, or, where detection has renamed it since, by its place."""

    event: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    at: Place | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.event is None and self.at is None:
            raise ValueError("it names no event: give its id as event, or its place as at")
        return self

    def find(self, events: list[Event]) -> Event | None:
        """The event meant: the one with the id, else the one at the place, if any is."""
        named = next((event for event in events if event.id == self.event), None)
        if named is not None or self.at is None:
            return named
        nearest = max(events, key=self.at.overlap, default=None)
        return nearest if nearest is not None and self.at.overlap(nearest) >= SAME_EVENT else None


class Change(_OfAnEvent):
    """Another disposition, label, span or channels for a detected event; what is not given stays."""

    do: Literal["change"]
    disposition: Disposition | None = None
    label: Label | None = None
    start_seconds: _Seconds | None = None
    end_seconds: _Seconds | None = None
    channels: _Channels | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.fields:
            raise ValueError("it changes nothing: give a disposition, label, span or channels")
        return self

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the event that change, with their new values."""
        names = ("disposition", "label", "start_seconds", "end_seconds", "channels")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Drop(_OfAnEvent):
    """A detected event that is none: nothing is done there."""

    do: Literal["drop"]


class Add(Place, _Signed):
    """An event that detection missed."""

    do: Literal["add"]
    label: Label
    disposition: Disposition


Edit = Annotated[Change | Drop | Add, Field(discriminator="do")]


class _File(Data):
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits of one file, in its order; ``where`` it lies."""

    edits: tuple[Change | Drop | Add, ...]
    where: str


def read_edits(path: Path) -> Edits:
    """The edits in a YAML file, or in a JSON one under a name that ends in .json.

    Raises `BadInput` naming the first thing that is wrong in it: a key no edit has, a key twice, a value out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
        is_json = path.suffix.lower() == ".json"
        body = json.loads(text, object_pairs_hook=_unique) if is_json else yaml.load(text, Loader=UniqueKeys)
    # PyYAML raises ValueError for a date like 2023-13-45, RecursionError for lists in lists without end.
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadInput("the edits cannot be read", str(path), f"give a YAML or JSON file ({error})") from error
    return _checked(body, str(path))


def parse_edits(rows: Sequence[Mapping[str, Any]], *, where: str) -> Edits:
    """The edits in ``rows``, as a file would list them; raises `BadInput` as `read_edits` does."""
    return _checked({"edits": rows}, where)


def _checked(body: Any, where: str) -> Edits:
    try:
        return Edits(_File.model_validate(body).edits, where)
    except ValidationError as error:
        raise _said(error, where) from error


def write_edits(edits: Edits, path: Path) -> None:
    """Write as JSON what `read_edits` reads; the same edits give the same bytes."""
    rows = [edit.model_dump(mode="json", exclude_none=True) for edit in edits.edits]
    path.write_text(json.dumps({"edits": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        raise ValueError("a key stands twice")
    return body


def _said(error: ValidationError, where: str) -> BadInput:
    first = error.errors()[0]
    return BadInput(f"{' '.join(_place(first['loc'])) or 'the file'} is wrong", where, f"correct it: {first['msg']}")


def _place(loc: tuple[int | str, ...]) -> Iterator[str]:
    """``("edits", 1, "change", "label")`` as ``edit 2 label``."""
    for before, part in zip((None, *loc), loc, strict=False):
        if isinstance(part, int):
            yield f"edit {part + 1}"
        elif part != "edits" and not isinstance(before, int):
            yield part
