"""From an architecture's name, a config and perhaps a trained model to the network a run begins with."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass, field
from typing import Any

import torch

from dubline.errors import BadInput
from dubline.separation.network import Network
from dubline.separation.registry import ARCHITECTURES, Model

DEFAULT_ARCHITECTURE = "bandsplit"


@dataclass(frozen=True, slots=True)
class Recipe:
    """``config`` has the fields that differ from the architecture's defaults, or from those of ``base``.

    ``base`` is the model whose weights are taken where names and shapes agree.
    """

    architecture: str = DEFAULT_ARCHITECTURE
    config: dict[str, Any] = field(default_factory=dict)
    base: Model | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A network to train, its whole config as plain values, and how many of its tensors come from the base."""

    network: Network
    config: dict[str, Any]
    taken: int
    tensors: int


def begin(recipe: Recipe, *, seed: int) -> Begun:
    """The network of ``recipe``, its random weights drawn from ``seed``.

    Raises `BadInput` for an unknown architecture, a config it does not have, and a base that shares no tensor.
    """
    torch.manual_seed(seed)
    network = _built(recipe)
    # A fine-tuned network of the same architecture and config takes every tensor by this rule.
    state = network.state_dict()
    shared = {}
    if recipe.base is not None:
        shared = {
            name: tensor
            for name, tensor in recipe.base.network.state_dict().items()
            if name in state and state[name].shape == tensor.shape
        }
        if not shared:
            raise BadInput(
                f"model {recipe.base.card.id!r} shares no tensor with this {recipe.architecture}",
                "--from",
                "name a model of the same architecture",
            )
        network.load_state_dict({**state, **shared})
    config: Any = network.config
    return Begun(network, json.loads(json.dumps(config.as_dict())), len(shared), len(state))


def _built(recipe: Recipe) -> Network:
    name = recipe.architecture
    if name not in ARCHITECTURES:
        near = difflib.get_close_matches(name, ARCHITECTURES, n=1) or sorted(ARCHITECTURES)
        raise BadInput(f"unknown network {name!r}", "--network", f"use {' or '.join(near)}")
    base = recipe.base.card if recipe.base is not None else None
    inherited = base.config if base is not None and base.architecture == name else {}
    try:
        return ARCHITECTURES[name]({**inherited, **recipe.config})
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"config does not fit {name}: {error}", "--config", "correct it") from error
