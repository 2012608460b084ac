"""The studio's speech recognition checkpoint as part of a recipe: its weights, by their hash."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.recipes import ModelFacts
from dubline.transcription.checkpoint import Checkpoint, find_checkpoint
from tasks.context import Means


def configured(path: Path | None) -> Checkpoint | None:
    """The checkpoint the settings name, None where they name none; raises `EnvironmentFault`."""
    return None if path is None else find_checkpoint(path)


def recognition_weights(params: Mapping[str, Any], using: Means) -> list[ModelFacts]:
    """The checkpoint as a step declares it; whether there is one is part of the recipe too."""
    found = configured(using.settings.asr_model)
    if found is None:
        return []
    return [
        ModelFacts(id=found.name, name="speech recognition", version=found.made_for, sha256=found.sha256, licence=None)
    ]
