"""The order: what a studio asks for, read from YAML and checked before any work is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from dubline.errors import BadInput
from dubline.versioned import UniqueKeys

# Title ids and version labels become folder and file names on every client's system.
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Part):
    """The film or episode, and the cut of it that all audio conforms to."""

    id: Slug
    name: str = Field(min_length=1)
    version: Slug = "original"
    eidr: str | None = Field(default=None, pattern=r"^10\.5240/([0-9A-F]{4}-){5}[0-9A-Z]$")


class Master(_Part):
    """The source container and which of its audio streams is the OV mix."""

    path: Path
    audio_stream: int = Field(default=0, ge=0)
    language: str


class Dub(_Part):
    """One language's recorded dialogue; ``start`` is a timecode relative to the first frame."""

    language: str
    dialogue: Path
    start: str | None = None


class Delivery(_Part):
    """One deliverable per dub, or one for all dubs: a spec, a container and a codec.

    ``naming`` is the file's name without its suffix, a template of ``{title}``, ``{version}``, ``{language}``,
    ``{spec}`` and ``{layout}``; without it the spec's. ``channels`` says whether a WAV holds them all or each has a
    file of its own; without it, as the spec wants them.
    """

    spec: str
    container: str
    codec: str
    naming: str | None = None
    channels: Literal["interleaved", "files"] | None = None
    languages: Literal["one", "all"] = "one"


class Options(_Part):
    """What may differ from title to title."""

    model: str = "default"
    policy: str = "netflix"
    include_optional: bool = False
    keep_original: bool = True


class Order(_Part):
    """A whole order; paths are absolute once read."""

    title: Title
    master: Master
    dubs: tuple[Dub, ...] = Field(min_length=1)
    deliver: tuple[Delivery, ...] = Field(min_length=1)
    options: Options = Options()


def read_order(path: Path) -> Order:
    """Read the order at ``path``; raises `BadInput` naming the first thing that is wrong in it."""
    try:
        body = yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeys)
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        raise BadInput(
            f"cannot read the order: {getattr(error, 'strerror', None) or error}",
            str(path),
            "give a readable YAML file",
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        raise BadInput(
            f"not YAML: {getattr(error, 'problem', None) or error}", where, "see `dubline localize --help` for an order"
        ) from error
    if not isinstance(body, dict):
        raise BadInput("the order is not a mapping", str(path), "begin with the keys title, master, dubs and deliver")
    try:
        order = Order.model_validate(body)
    except ValidationError as error:
        raise _said(error, path) from error
    _refuse_twins(order, path)
    return _absolute(order, path.absolute().parent)


def _said(error: ValidationError, path: Path) -> BadInput:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        parent = _keys_at(first["loc"][:-1])
        return BadInput(f"unknown key '{key}'", str(path), f"remove it or use one of {', '.join(parent)}")
    if first["type"] == "missing":
        return BadInput(f"key '{key}' is missing", str(path), "add it")
    return BadInput(f"key '{key}' is wrong", str(path), first["msg"])


def _keys_at(loc: Iterable[int | str]) -> list[str]:
    """Names of the keys allowed in the part of an order that ``loc`` leads to."""
    parts: dict[str, type[BaseModel]] = {
        "title": Title, "master": Master, "dubs": Dub, "deliver": Delivery, "options": Options
    }  # fmt: skip
    names = [part for part in loc if isinstance(part, str)]
    return list((parts[names[0]] if names else Order).model_fields)


def _refuse_twins(order: Order, path: Path) -> None:
    languages = Counter(dub.language.lower() for dub in order.dubs)
    for language, count in languages.items():
        if count > 1:
            raise BadInput(f"{count} dubs of language '{language}'", str(path), "keep one dub per language")
    rows = Counter((row.spec, row.container, row.codec, row.languages) for row in order.deliver)
    for (spec, container, codec, _), count in rows.items():
        if count > 1:
            raise BadInput(
                f"{count} deliveries of spec '{spec}' as {codec} in {container}",
                str(path),
                "keep one per spec, container and codec",
            )


def _absolute(order: Order, folder: Path) -> Order:
    master = order.master.model_copy(update={"path": folder / order.master.path})
    dubs = tuple(dub.model_copy(update={"dialogue": folder / dub.dialogue}) for dub in order.dubs)
    return order.model_copy(update={"master": master, "dubs": dubs})
