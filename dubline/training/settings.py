"""The settings of a training run, as a YAML file changes them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from dubline.errors import BadInput
from dubline.training.losses import LossWeights
from dubline.training.mixtures.bank import BankRules
from dubline.training.mixtures.mastering import MasterRules
from dubline.training.mixtures.mixer import MixtureRules


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How long, how fast and on what.

    The learning rate rises over ``warm_up_steps``, then falls by a cosine to ``final_rate`` of its peak as the budget
    is spent: ``steps`` where they are given, else ``minutes`` of wall-clock time in training; whichever is spent first
    ends the run. ``patience`` ends it after so many validations without a better median of the dialogue's SI-SDRi.
    Gradients are cut to the norm ``clip``; ``average`` is the decay per step of the running average of the weights,
    which is what is validated and kept. ``validation_seconds`` is the length of each of the ``validation_items``.
    """

    minutes: float = 75.0
    steps: int | None = None
    patience: int | None = None
    device: str = "cpu"
    batch: int = 4
    threads: int = 2
    workers: int = 1
    seed: int = 1
    learning_rate: float = 1.5e-3
    final_rate: float = 0.02
    weight_decay: float = 1e-2
    warm_up_steps: int = 80
    clip: float = 5.0
    average: float = 0.996
    checkpoint_seconds: float = 45.0
    validate_seconds: float = 300.0
    validation_items: int = 64
    validation_seconds: float = 4.0
    mixtures: MixtureRules = field(default_factory=MixtureRules)
    master: MasterRules = field(default_factory=MasterRules)
    bank: BankRules = field(default_factory=BankRules)
    losses: LossWeights = field(default_factory=LossWeights)


def read_config(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two halves of a YAML file: what changes in the network (key ``network``) and in `TrainSettings` (the rest).

    Raises `BadInput` for a file that is no YAML mapping.
    """
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput("the settings cannot be read", str(path), f"give a YAML file ({error})") from error
    network = given.pop("network", {}) if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(network, dict):
        raise BadInput("the settings are not names with values", str(path), "write NAME: VALUE lines")
    return network, given


def settings_of(given: Mapping[str, Any], where: str) -> TrainSettings:
    """The default settings with those of ``given``, nested as in `TrainSettings`; `BadInput` names what is wrong."""
    merged = _merged(TrainSettings(), given, "", where)
    try:
        settings: TrainSettings = TypeAdapter(TrainSettings).validate_python(merged)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", where, "correct it") from error
    return settings


def _merged(default: Any, given: Mapping[str, Any], prefix: str, where: str) -> dict[str, Any]:
    """The fields of ``default``, changed where ``given`` says so."""
    known = {one.name: getattr(default, one.name) for one in fields(default)}
    for name, value in given.items():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            mend = f"use {near[0]}" if near else f"use one of {', '.join(known)}"
            raise BadInput(f"unknown setting {prefix}{name}", where, mend)
        if is_dataclass(known[name]) and not isinstance(value, Mapping):
            raise BadInput(f"{prefix}{name} has settings of its own", where, f"nest them under {name}")
    return {
        name: _merged(value, given.get(name, {}), f"{prefix}{name}.", where)
        if is_dataclass(value)
        else given.get(name, value)
        for name, value in known.items()
    }
