"""Delivery specs as versioned data: one YAML file each in ``specs/``, read into a checked, frozen model.

What each field asks is said by its description, which the published JSON schema repeats; ``docs/specs.md`` shows how
a studio writes its own.
"""

from __future__ import annotations

import datetime
import re
import string
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.versioned import Data, Shelf

_FOLDER = Path(__file__).parent / "specs"

NAMING_FIELDS = ("title", "version", "language", "spec", "layout")

Gate = Literal["dialogue", "programme"]
Algorithm = Literal["bs1770-1", "bs1770-3", "bs1770-4"]
Material = Literal["print_master", "me", "dialogue"]

# YAML reads an unquoted day as a date and an unquoted year as a number.
_Day = Annotated[
    str,
    BeforeValidator(lambda day: str(day) if isinstance(day, datetime.date | int) else day),
    Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"),
]
_Lu = Annotated[float, Field(ge=0, le=40)]
_Dbtp = Annotated[float, Field(ge=-12, le=0)]
_Seconds = Annotated[float, Field(ge=0)]


class LoudnessLimit(Data):
    """One loudness measure and its window: inside the tolerance on target, outside the reject limits refused."""

    gate: Gate = Field(description="What is measured: the dialogue alone, or the whole programme.")
    algorithm: Algorithm = Field(
        description="The edition of ITU-R BS.1770 the client names. Dialogue is measured ungated inside the speech; "
        "a programme by bs1770-1 without a gate, by the later editions with the relative gate."
    )
    target_lufs: float = Field(ge=-40, le=0, description="LUFS (LKFS) aimed at; conform goes here.")
    tol_low: _Lu = Field(description="LU below the target that still count as on target.")
    tol_high: _Lu = Field(description="LU above the target that still count as on target.")
    reject_low: _Lu = Field(description="LU below the target beyond which the client refuses the file.")
    reject_high: _Lu = Field(description="LU above the target beyond which the client refuses the file.")
    min_speech_percent: float = Field(
        default=15, ge=0, le=100, description="Below this share of speech the fallback is judged instead."
    )
    fallback: LoudnessLimit | None = Field(
        default=None, description="The programme measure that counts where there is too little speech."
    )
    either_accepted: bool = Field(
        default=False,
        description="The client's QC accepts a file inside the reject limits of either measure, whatever its share "
        "of speech.",
    )
    each_segment: bool = Field(
        default=False, description="The window holds for each segment of the title too, not only for the whole."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.reject_low < self.tol_low or self.reject_high < self.tol_high:
            raise ValueError("the reject limits must not lie inside the tolerance")
        if self.gate == "dialogue" and self.fallback is None:
            raise ValueError("a dialogue measure needs a fallback for titles with little speech")
        if self.gate == "programme" and self.fallback is not None:
            raise ValueError("a programme measure is always defined and takes no fallback")
        if self.fallback is not None and self.fallback.gate == "dialogue":
            raise ValueError("the fallback must be a programme measure")
        if self.either_accepted and self.fallback is None:
            raise ValueError("either_accepted needs a fallback")
        return self


class Spec(Data):
    """What a client asks of a deliverable. Null or an empty list means the client sets no such limit."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="The name orders use: small letters and hyphens.")
    version: int = Field(ge=1, description="Raised with every change of the content.")
    name: str = Field(min_length=1, description="The name people use.")
    effective_from: _Day | None = Field(default=None, description="Since when the client asks this: 2023-11-03.")
    verified: bool = Field(
        description="True only where the limits that refuse a file were read in the publisher's own text. "
        "False is said wherever the spec is used."
    )
    sources: tuple[str, ...] = Field(min_length=1, description="Where the figures were read.")
    notes: str = Field(default="", description="What is doubtful, and why it is not verified.")
    material: Material = Field(
        default="print_master", description="What it judges: a full mix, an M&E, or dialogue before it is mixed."
    )

    loudness: LoudnessLimit | None = Field(default=None, description="The loudness window.")
    max_true_peak_dbtp: _Dbtp = Field(description="dBTP asked for; conform keeps under it.")
    qc_max_true_peak_dbtp: _Dbtp = Field(description="dBTP above which the client refuses the file.")
    max_short_term_lufs: float | None = Field(
        default=None, ge=-40, le=0, description="The loudest 3 s in LUFS; above it the file is refused."
    )
    max_short_term_over_programme_lu: _Lu | None = Field(
        default=None, description="LU the loudest 3 s may lie above the programme loudness; beyond it is refused."
    )
    max_programme_over_dialogue_lu: _Lu | None = Field(
        default=None, description="LU the programme should at most lie above the dialogue (LDR). Advice: only warns."
    )
    lra_recommended_lu: tuple[_Lu, _Lu] | None = Field(
        default=None, description="Loudness range in LU, least and most. Advice: only warns."
    )
    dialogue_lra_max_lu: _Lu | None = Field(
        default=None, description="Loudness range in LU inside the speech, most. Advice: only warns."
    )

    layouts: tuple[str, ...] = Field(default=(), description="Channel layouts as ffmpeg names them: stereo, 5.1.")
    sample_rates: tuple[int, ...] = Field(default=(), description="Hz.")
    bit_depths: tuple[int, ...] = Field(default=(), description="Of PCM.")
    containers: tuple[str, ...] = Field(
        default=(), description="What the client takes as its own delivery; another container makes a screener."
    )
    codecs: tuple[str, ...] = Field(
        default=(),
        description="As an order names them: pcm_s24le, aac. In the client's own containers another one is refused.",
    )
    discrete_channels: bool | None = Field(
        default=None, description="True: one mono file per channel; false: one interleaved file."
    )
    languages_per_file: Literal["one", "many"] | None = Field(
        default=None, description="Whether a file may carry the dubs of several languages."
    )
    head_pad_max_seconds: _Seconds | None = Field(default=None, description="Seconds allowed before the picture.")
    tail_pad_max_seconds: _Seconds | None = Field(default=None, description="Seconds allowed after the picture.")
    som_timecode: str | None = Field(
        default=None,
        pattern=r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d[:;]\d{2}$",
        description="Timecode of the first frame (start of message): 01:00:00:00.",
    )
    naming_template: str | None = Field(
        default=None,
        description=f"The file's name without its suffix, with {', '.join('{' + name + '}' for name in NAMING_FIELDS)} "
        "filled in.",
    )
    allowed_characters: str | None = Field(
        default=None, description="A regular expression that each character of the file's name matches."
    )
    max_av_duration_delta_seconds: _Seconds | None = Field(
        default=None, description="Seconds sound and picture may differ in length before the file is refused."
    )
    requires_constant_frame_rate: bool = Field(
        default=False, description="A picture with a varying frame rate is refused."
    )

    def body(self) -> dict[str, Any]:
        """What the spec says, in JSON values.

        Fields at their defaults are left out: a field that specs gain later changes no spec written before it.
        """
        return self.model_dump(mode="json", exclude_defaults=True)

    @field_validator("layouts")
    @classmethod
    def _known_layouts(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                Layout.parse(name, where="layouts")
            except BadInput as error:
                raise ValueError(f"{error.what}: {error.mend}") from error
        return names

    @field_validator("lra_recommended_lu")
    @classmethod
    def _in_order(cls, bounds: tuple[float, float] | None) -> tuple[float, float] | None:
        if bounds is not None and bounds[0] > bounds[1]:
            raise ValueError("the least comes before the most")
        return bounds

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
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"it is no regular expression: {error}") from error
        return pattern

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.qc_max_true_peak_dbtp < self.max_true_peak_dbtp:
            raise ValueError("the peak that is refused must not lie below the peak that is asked for")
        return self


_SHELF = Shelf("spec", _FOLDER, Spec.model_validate)


def load(path: Path) -> Spec:
    """The spec in a YAML file; `BadInput` when it is not one or has a key that specs do not have."""
    return _SHELF.load(path)


def check(path: Path, added: Path | None = None) -> Spec:
    """The spec in a YAML file, refused also where it contradicts what ships or the studio's files in ``added``."""
    return _SHELF.check(path, added)


def list_specs(added: Path | None = None) -> tuple[Spec, ...]:
    """Every spec that ships with dubline or lies in the studio's folder ``added``, by id."""
    return _SHELF.with_added(added)


def get(spec_id: str, added: Path | None = None) -> Spec:
    """The spec called ``spec_id``; `BadInput` names the near misses when there is none."""
    return _SHELF.get(spec_id, added)


def standing(added: Path | None = None) -> dict[str, str]:
    """By id: ``shipped``, ``added``, or which shipped version the studio's file overrides."""
    return _SHELF.standing(added)


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of a spec file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.model_json_schema()}
