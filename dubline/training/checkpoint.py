"""Training state as one safetensors file: weights, their running average, the optimizer's moments, and how to go on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dubline.errors import BadInput

OPTIMIZER = "optimizer"
# The only key of the metadata: JSON of all that the file says about itself.
ABOUT = "about"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands; seconds are those spent in training, over all resumptions.

    ``best`` is the best median of a validation so far, ``stale`` the number of validations since.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = float("-inf")
    stale: int = 0


def save_checkpoint(
    path: Path, *, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, about: dict[str, Any]
) -> None:
    """Write the state to ``path`` whole or not at all; ``about`` is kept as JSON."""
    tensors = _named("network", network) | _named("average", average)
    for name, parameter in network.named_parameters():
        for kind, tensor in optimizer.state.get(parameter, {}).items():
            tensors[f"{OPTIMIZER}.{kind}.{name}"] = tensor
    _save(path, tensors, about)


def load_checkpoint(path: Path, *, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Restore everything from ``path``. Raises `BadInput` for a file of another network."""
    with _opened(path) as file:
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


def save_weights(path: Path, network: nn.Module, about: dict[str, Any]) -> None:
    """Write the weights alone, as they are loaded for use, with ``about`` as JSON, whole or not at all."""
    _save(path, dict(network.state_dict()), about)


def read_about(path: Path) -> dict[str, Any]:
    """What a file of either kind says about itself; `BadInput` where it says nothing."""
    with _opened(path) as file:
        metadata = file.metadata() or {}
    if ABOUT not in metadata:
        raise BadInput("no checkpoint of dubline", str(path), "start in an empty folder")
    about: dict[str, Any] = json.loads(metadata[ABOUT])
    return about


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, and give it its name when its bytes are on the disk."""
    part = path.with_name(f".{path.name}.part")
    write(part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _opened(path: Path) -> Any:
    try:
        return safe_open(str(path), framework="pt")
    except (SafetensorError, OSError) as error:
        raise BadInput("not a safetensors file", str(path), "start in an empty folder") from error


def _save(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    write_whole(path, lambda part: save_file(whole, str(part), {ABOUT: json.dumps(about)}))


def _named(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in network.state_dict().items()}


def _kinds(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The optimizer's tensors for the parameter called ``name``, by kind."""
    states = _of(OPTIMIZER, tensors)
    return {key.removesuffix(f".{name}"): tensor for key, tensor in states.items() if key.split(".", 1)[1] == name}


def _of(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
