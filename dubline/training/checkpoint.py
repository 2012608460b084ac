"""Training state as one safetensors file: weights, their running average, the optimizer's moments, and how to go on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dubline.errors import BadInput

OPTIMIZER = "optimizer"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands; seconds are those spent in training, over all resumptions."""

    step: int = 0
    seconds: float = 0.0
    best: float = float("-inf")


def save_checkpoint(
    path: Path, *, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, about: dict[str, Any]
) -> None:
    """Write the state to ``path`` whole or not at all; ``about`` is kept as JSON."""
    tensors = _named("network", network) | _named("average", average)
    for name, parameter in network.named_parameters():
        for kind, tensor in optimizer.state.get(parameter, {}).items():
            tensors[f"{OPTIMIZER}.{kind}.{name}"] = tensor
    _write(path, tensors, {"about": json.dumps(about)})


def load_checkpoint(
    path: Path, *, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Restore everything from ``path`` and return ``about``. Raises ``BadInput`` for a file of another network."""
    with safe_open(str(path), framework="pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["about"])
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    try:
        network.load_state_dict(_of("network", tensors))
        average.load_state_dict(_of("average", tensors))
    except RuntimeError as error:
        raise BadInput("checkpoint of another network", str(path), "start in an empty folder") from error
    for name, parameter in network.named_parameters():
        optimizer.state[parameter] = {
            kind: tensor.to(parameter.device) for kind, tensor in _kinds(name, tensors).items()
        }
    return about


def save_weights(path: Path, network: nn.Module, about: dict[str, Any]) -> None:
    """Write the weights alone, as they are loaded for use, with ``about`` as JSON."""
    _write(path, dict(network.state_dict()), {"about": json.dumps(about)})


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    temporary = path.with_suffix(".part")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, str(temporary), metadata)
    temporary.replace(path)


def _named(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}


def _kinds(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The optimizer's tensors for the parameter called ``name``, by kind."""
    states = _of(OPTIMIZER, tensors)
    return {key.removesuffix(f".{name}"): tensor for key, tensor in states.items() if key.split(".", 1)[1] == name}


def _of(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
