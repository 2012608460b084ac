"""Delivery specs as versioned data: one YAML file each in ``specs/``, read into a checked, frozen model."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from dubline.audio.layout import Layout
from dubline.versioned import Data, Shelf

_FOLDER = Path(__file__).parent / "specs"


NAMING_FIELDS = ("title", "version", "language", "spec", "layout")

Gate = Literal["dialogue", "programme"]
Algorithm = Literal["bs1770-1", "bs1770-3", "bs1770-4"]


class LoudnessLimit(Data):
    """One loudness measure and its window: inside the tolerance on target, outside the reject limits refused.

    The four limits are distances from ``target_lufs`` in LU.
    """

    gate: Gate
    algorithm: Algorithm
    target_lufs: float = Field(ge=-40, le=0)
    tol_low: float = Field(ge=0)
    tol_high: float = Field(ge=0)
    reject_low: float = Field(ge=0)
    reject_high: float = Field(ge=0)
    # Below this share of speech a dialogue measure says nothing and the fallback is judged.
    min_speech_percent: float = Field(default=15, ge=0, le=100)
    fallback: LoudnessLimit | None = None
    # The client's QC accepts a file that meets either measure, whatever its share of speech.
    either_accepted: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.reject_low < self.tol_low or self.reject_high < self.tol_high:
            raise ValueError("the reject limits must not lie inside the tolerance")
        if self.gate == "dialogue" and self.fallback is None:
            raise ValueError("a dialogue measure needs a fallback for titles with little speech")
        if self.gate == "programme" and self.fallback is not None:
            raise ValueError("a programme measure is always defined and takes no fallback")
        if self.either_accepted and self.fallback is None:
            raise ValueError("either_accepted needs a fallback")
        return self


class Spec(Data):
    """What a client asks of a deliverable. None or an empty list means the client sets no such limit.

    ``verified`` says that the judged figures come from the publisher's own text, ``sources`` where they were read,
    ``notes`` what is doubtful.
    """

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    name: str
    effective_from: str | None = None
    verified: bool
    sources: tuple[str, ...] = Field(min_length=1)
    notes: str = ""

    loudness: LoudnessLimit | None = None
    max_true_peak_dbtp: float = Field(ge=-12, le=0)
    qc_max_true_peak_dbtp: float = Field(ge=-12, le=0)
    max_short_term_lufs: float | None = None
    max_programme_over_dialogue_lu: float | None = None
    lra_recommended_lu: tuple[float, float] | None = None

    layouts: tuple[str, ...] = ()
    sample_rates: tuple[int, ...] = ()
    bit_depths: tuple[int, ...] = ()
    # What the client takes as its own delivery; a screener in another container is not judged by it.
    containers: tuple[str, ...] = ()
    # As an order names them: pcm_s24le, aac.
    codecs: tuple[str, ...] = ()
    # False: one interleaved file for all channels; True: one mono file per channel.
    discrete_channels: bool | None = None
    languages_per_file: Literal["one", "many"] | None = None
    head_pad_max_seconds: float | None = None
    tail_pad_max_seconds: float | None = None
    som_timecode: str | None = None
    # The delivered file's name without its suffix, built of `NAMING_FIELDS` in braces.
    naming_template: str | None = None
    allowed_characters: str | None = None
    max_av_duration_delta_seconds: float | None = None
    requires_constant_frame_rate: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.qc_max_true_peak_dbtp < self.max_true_peak_dbtp:
            raise ValueError("the peak that is rejected must not lie below the peak that is asked for")
        for name in self.layouts:
            Layout.parse(name, where=f"spec {self.id}")
        return self

    @field_validator("naming_template")
    @classmethod
    def _known_fields(cls, template: str | None) -> str | None:
        """Every field in braces is one that a delivery can fill in."""
        for _, field, form, conversion in string.Formatter().parse(template or ""):
            if field is not None and (field not in NAMING_FIELDS or form or conversion):
                raise ValueError(f"'{{{field}}}' is no naming field: use {', '.join(NAMING_FIELDS)}")
        return template

    @field_validator("allowed_characters")
    @classmethod
    def _character_class(cls, pattern: str | None) -> str | None:
        """A regular expression that matches one character."""
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        return pattern


_SHELF = Shelf("spec", _FOLDER, Spec.model_validate)


def load(path: Path) -> Spec:
    """The spec in a YAML file; `BadInput` when it is not one or has a key that specs do not have."""
    return _SHELF.load(path)


def list_specs() -> tuple[Spec, ...]:
    """Every spec that ships with dubline, by id."""
    return _SHELF.all


def get(spec_id: str) -> Spec:
    """The spec called ``spec_id``; `BadInput` names the near misses when there is none."""
    return _SHELF.get(spec_id)
