"""Presets of data sets as versioned data: one YAML file each in ``presets/``, read into a checked, frozen model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from dubline.versioned import Data, Shelf

_FOLDER = Path(__file__).parent / "presets"

Distribution = Literal["normal", "uniform"]
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

# The submixes of Divide and Remaster, in the order they are drawn.
SUBMIXES = ("speech", "music", "sfx_fg", "sfx_bg")


class Level(Data):
    """A loudness in LUFS: normal with mean and deviation, or uniform within ``spread`` of the mean."""

    distribution: Distribution = "normal"
    mean: float = Field(ge=-70, le=0)
    spread: float = Field(ge=0)


class SubmixRules(Data):
    """How the events of one submix are drawn and placed."""

    track: Level
    # Events scatter about the level drawn for their track, by the same kind of distribution.
    event_spread: float = Field(ge=0)
    # Mean of the zero-truncated Poisson distribution's parent.
    events: float = Field(gt=0)
    # The shortest part of a recording that is worth placing.
    min_share: float = Field(gt=0, le=1)
    min_seconds: float = Field(default=0.0, ge=0)
    # Share of an event that the next one may cover.
    overlap: float = Field(ge=0, le=1)
    end_margin_seconds: float = Field(default=0.0, ge=0)
    start_offset_seconds: float = Field(default=0.0, ge=0)
    random_offset: bool = False
    # Longer recordings are cut into pieces of this length, each drawn for itself.
    max_source_seconds: float | None = Field(default=None, gt=0)

    @property
    def whole(self) -> bool:
        """Whether only whole recordings are placed."""
        return self.min_share == 1.0


class Peak(Data):
    """What keeps peaks down: a true-peak limiter on each submix, or one gain for all by the sample peak."""

    control: Literal["limiter", "gain"]
    ceiling_db: float = Field(le=0)


class DnrRules(Data):
    """Divide and Remaster: events into submixes, submixes into a mastered mixture."""

    speech: SubmixRules
    music: SubmixRules
    sfx_fg: SubmixRules
    sfx_bg: SubmixRules
    master: Level
    peak: Peak
    start_scale_seconds: float = Field(gt=0)
    start_skew: float
    length_mean: float = Field(gt=0, le=1)
    length_spread: float = Field(gt=0)
    shortest_seconds: float = Field(gt=0)
    trials: int = Field(ge=1)
    # How often a language is drawn for the mixed variant, against 1 for those not named.
    language_weights: dict[str, float] = Field(default_factory=dict)

    def submix(self, name: str) -> SubmixRules:
        """The rules of one of `SUBMIXES`."""
        rules: SubmixRules = getattr(self, name)
        return rules


class SceneRules(Data):
    """Items made of consecutive scenes, each drawn by `dubline.training.mixtures.mixer`; ``mixture`` changes its rules.

    ``walla``, ``limited`` and ``coded`` are the shares of scenes with a crowd behind the dialogue, through a soft
    limiter, and through a codec.
    """

    scene_seconds: float = Field(gt=0)
    walla: float = Field(default=0.0, ge=0, le=1)
    limited: float = Field(default=0.0, ge=0, le=1)
    coded: float = Field(default=0.0, ge=0, le=1)
    mixture: dict[str, Any] = Field(default_factory=dict)


class Preset(Data):
    """A recipe for a data set. ``verified`` says that its figures were read at ``source``."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    name: str
    source: str
    verified: bool
    notes: str = ""
    seconds: float = Field(gt=0)
    items: dict[Split, int]
    dnr: DnrRules | None = None
    scenes: SceneRules | None = None

    @model_validator(mode="after")
    def _one_recipe(self) -> Self:
        if (self.dnr is None) == (self.scenes is None):
            raise ValueError("give either dnr or scenes")
        if set(self.items) != set(SPLITS):
            raise ValueError(f"give the number of items of {', '.join(SPLITS)}")
        return self


_SHELF = Shelf("preset", _FOLDER, Preset.model_validate)


def list_presets() -> tuple[Preset, ...]:
    """Every preset that ships with dubline, by id."""
    return _SHELF.all


def find(digest: str) -> Preset | None:
    """The shipped preset of that content; None for another one's."""
    return next((preset for preset in list_presets() if preset.digest() == digest), None)


def get(name: str) -> Preset:
    """The preset called ``name``, or the one in the YAML file of that name; `BadInput` when there is none."""
    if name.endswith((".yaml", ".yml")):
        return _SHELF.load(Path(name))
    return _SHELF.get(name)
