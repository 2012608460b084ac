"""Separate a part of the OV mix into dialogue and music."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.recipes import ModelFacts
from dubline.separation import registry
from dubline.separation.compute import DEFAULT_PRECISION, Compute, Precision
from dubline.separation.files import separate_file
from tasks.context import Means
from tasks.step import Made, Work, step


def separator_facts(params: Mapping[str, Any], using: Means) -> list[ModelFacts]:
    """The separator that the parameter ``model`` names, for the recipe of every step that uses it."""
    card = registry.card_of(params["model"], using.settings.models_root)
    facts = ModelFacts(
        id=card.id, name=card.summary, version=card.version, sha256=card.sha256, licence=card.licenses.weights
    )
    return [facts]


@step("separate", version=3, tools=("torch", "soxr"), weights=separator_facts, uses_device=True)
def separate(
    work: Work, ov_mix: Path, *, model: str, frames: list[int], precision: Precision = DEFAULT_PRECISION
) -> Made:
    """Run the separation model over the segments of the OV mix that start in ``frames``, a first and a last but one."""
    made = separate_file(
        ov_mix,
        work.scratch,
        model=registry.load(model, work.models_root, device=work.device),
        frames=range(*frames),
        stems=("dx", "mx"),
        compute=Compute(precision=precision),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    return Made(made.stems, {"device": made.device, "fell_back": made.fell_back})
