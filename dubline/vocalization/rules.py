"""When scores make an event, as versioned data: one YAML file of rules per label in ``rules/``."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from dubline.versioned import Data, Shelf
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.hysteresis import SpanRules

_FOLDER = Path(__file__).parent / "rules"


class VoiceRules(Data):
    """When a voice of any kind, by the chance that one sounds, is an event: see the comments in ``standard.yaml``."""

    threshold: float = Field(gt=0, lt=1)
    release: float = Field(gt=0, lt=1)
    beside: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.release <= self.threshold <= self.beside:
            raise ValueError("release, threshold and beside must rise in this order")
        return self


class LabelRules(Data):
    """How the score of a label is read and what its events are like: see the comments in ``standard.yaml``."""

    midpoint: float = Field(gt=0, lt=1)
    minimum_seconds: float = Field(ge=0)
    merge_seconds: float = Field(ge=0)
    pad_seconds: float = Field(ge=0)

    @property
    def spans(self) -> SpanRules:
        """The same as rules for the spans of this label alone, where its chance is more than one half."""
        return SpanRules(0.5, 0.5, self.minimum_seconds, self.merge_seconds, self.pad_seconds)


class SileroRules(Data):
    """How silero-vad's probability of speech is read: see the comments in ``standard.yaml``."""

    midpoint: float = Field(gt=0, lt=1)
    slope: float = Field(gt=0)


class DetectionRules(Data):
    """Rules for every label, for silero-vad's word on speech, and for a voice whatever its label."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    name: str
    source: str
    voice: VoiceRules
    silero: SileroRules
    labels: dict[Label, LabelRules]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = set(LABELS) - set(self.labels)
        if missing:
            raise ValueError(f"no rules for {', '.join(sorted(missing))}")
        return self


_SHELF = Shelf("set of detection rules", _FOLDER, DetectionRules.model_validate)


def load(path: Path) -> DetectionRules:
    """The rules in a YAML file; `BadInput` when it holds none or has a key that rules do not have."""
    return _SHELF.load(path)


def standard() -> DetectionRules:
    """The rules that ship with dubline."""
    return _SHELF.get("standard")
