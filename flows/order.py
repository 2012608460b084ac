"""The order: what a studio asks for, read from YAML and checked before any work is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from dubline.errors import BadInput
from dubline.mixing.tracks import layout_of
from dubline.versioned import UniqueKeys

# Title ids and version labels become folder and file names on every client's system.
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _pairs(value: Any) -> Any:
    """A mapping as pairs, which a frozen part can hold."""
    return tuple(value.items()) if isinstance(value, dict) and value else value


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


# YAML 1.1 reads a bare `off` as a boolean.
_OffIsAWord = BeforeValidator(lambda value: "off" if value is False else value)
Sync = Annotated[Literal["check", "conform", "fail", "off"], _OffIsAWord]
# Start of a dub that says itself where it belongs.
BWF = "bwf"


def _day(value: Any) -> Any:
    """A day as YAML reads it, or in quotes; a bare number would be taken for seconds."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    if isinstance(value, int | float):
        raise ValueError("write a day as 2026-12-24")
    return value


class SceneLevel(_Part):
    """Limits of level matching by scene (`dubline.mixing.level.LevelRules`)."""

    pause_seconds: float = Field(default=4.0, ge=2.0, le=60.0)
    within_db: float = Field(default=3.0, ge=0.0, le=6.0)
    minimum_speech_seconds: float = Field(default=2.0, ge=0.5, le=60.0)


class DubLevel(_Part):
    """How the level of a dub is matched to the original dialogue: one gain, one per scene within limits, or none."""

    match: Annotated[Literal["global", "scene", "off"], _OffIsAWord] = "global"
    max_gain_db: float = Field(default=12.0, ge=0.0, le=24.0)
    scene: SceneLevel = SceneLevel()

    def rules(self) -> dict[str, str | float]:
        """As the mix takes them: what has no effect is left as it is by default, so that it makes nothing stale."""
        scene = self.scene if self.match == "scene" else SceneLevel()
        gain = DubLevel().max_gain_db if self.match == "off" else self.max_gain_db
        return {"match": self.match, "max_gain_db": gain, **scene.model_dump()}


class Dub(_Part):
    """One language's recorded dialogue: one media file, or one mono file per channel (``{L: .., R: .., C: ..}``).

    It begins with the picture, or at one of ``start``, a timecode relative to the first frame or ``bwf`` for the
    file's own TimeReference; ``start_timecode``, a time of day as the master's timecode counts it; ``start_samples``,
    samples of the OV mix after the first frame. ``level`` and ``sync`` stand for the options' of this dub.
    """

    language: str
    dialogue: Annotated[Path | tuple[tuple[str, Path], ...], BeforeValidator(_pairs)]
    start: str | None = None
    start_timecode: str | None = None
    start_samples: int | None = None
    level: DubLevel | None = None
    sync: Sync | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, or the mono files."""
        return (self.dialogue,) if isinstance(self.dialogue, Path) else tuple(path for _, path in self.dialogue)

    @property
    def channels(self) -> tuple[str, ...]:
        """What the mono files hold, in their order; empty for one file."""
        return () if isinstance(self.dialogue, Path) else tuple(name for name, _ in self.dialogue)

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        given = [name for name in ("start", "start_timecode", "start_samples") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} both say where the dub begins: keep one")
        return self


class Delivery(_Part):
    """One deliverable per dub, or one for all dubs: a spec, a container and a codec.

    ``naming`` is the file's name without its suffix, a template of ``{title}``, ``{version}``, ``{language}``,
    ``{spec}`` and ``{layout}``; without it the spec's. ``channels`` says whether a WAV holds them all or each has a
    file of its own; without it, as the spec wants them. ``due`` is the day it is to be delivered: of titles to make
    again the one that is due first goes first.
    """

    spec: str
    container: str
    codec: str
    naming: str | None = None
    channels: Literal["interleaved", "files"] | None = None
    languages: Literal["one", "all"] = "one"
    due: Annotated[date, BeforeValidator(_day)] | None = None


class Options(_Part):
    """What may differ from title to title."""

    model: str = "default"
    policy: str = "netflix"
    edits: Path | None = None
    include_optional: bool = False
    keep_original: bool = True
    dub_level: DubLevel = DubLevel()
    sync: Sync = "check"


class Order(_Part):
    """A whole order; paths are absolute once read."""

    title: Title
    master: Master
    dubs: tuple[Dub, ...] = Field(min_length=1)
    deliver: tuple[Delivery, ...] = Field(min_length=1)
    options: Options = Options()

    def level_of(self, dub: Dub) -> DubLevel:
        """How the level of ``dub`` is matched: its own wish before the options'."""
        return dub.level or self.options.dub_level

    def sync_of(self, dub: Dub) -> Sync:
        """What is done about the sync of ``dub``: its own wish before the options'."""
        return dub.sync or self.options.sync

    def body(self) -> dict[str, Any]:
        """The order as JSON values, from which `Order.model_validate` makes it again."""
        return self.model_dump(mode="json")


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
    for dub in order.dubs:
        if dub.channels:
            layout_of(dub.channels, where=f"{path}, dub {dub.language}")
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
        "title": Title, "master": Master, "dubs": Dub, "deliver": Delivery, "options": Options,
        "dub_level": DubLevel, "level": DubLevel, "scene": SceneLevel,
    }  # fmt: skip
    names = [part for part in loc if isinstance(part, str)]
    return list((parts[names[-1]] if names else Order).model_fields)


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
    dubs = tuple(dub.model_copy(update={"dialogue": _in(folder, dub.dialogue)}) for dub in order.dubs)
    edits = order.options.edits and folder / order.options.edits
    options = order.options.model_copy(update={"edits": edits})
    return order.model_copy(update={"master": master, "dubs": dubs, "options": options})


def _in(folder: Path, dialogue: Path | tuple[tuple[str, Path], ...]) -> Path | tuple[tuple[str, Path], ...]:
    if isinstance(dialogue, Path):
        return folder / dialogue
    return tuple((name, folder / path) for name, path in dialogue)
