"""The event classifier at work: weights that ship with dubline, sound in blocks, scores in order."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import yaml
from safetensors.torch import load_file

from dubline.audio.wav import Block
from dubline.errors import EnvironmentFault
from dubline.versioned import Data
from dubline.vocalization.events import LABELS
from dubline.vocalization.network import EventNet, EventNetConfig
from dubline.vocalization.silero import FRAME, HIDDEN, VoiceActivity

_HERE = Path(__file__).parent
_CARD = _HERE / "cards" / "events-small.yaml"
# Frames decided at once (20 s): enough to keep the processor busy, little enough to keep memory flat.
PIECE = 640


class Card(Data):
    """What the weights are, where they come from and what they reach."""

    id: str
    version: str
    summary: str
    file: str
    sha256: str
    config: dict[str, Any]
    licenses: dict[str, str]
    sources: tuple[dict[str, Any], ...]
    training: dict[str, Any]
    figures: dict[str, Any]
    weaknesses: tuple[str, ...]


class Decided(NamedTuple):
    """``scores`` (frames, streams, labels) of this network and ``speech`` (frames, streams) of silero-vad, in 0..1."""

    scores: Block
    speech: Block


@cache
def card() -> Card:
    """The card of the weights that ship."""
    return Card.model_validate(yaml.safe_load(_CARD.read_text(encoding="utf-8")))


@cache
def load() -> EventNet:
    """The network with its weights; `EnvironmentFault` where the file is missing or not what the card says."""
    path = _HERE / "weights" / card().file
    if not path.is_file():
        raise EnvironmentFault("the weights of the event classifier are missing", str(path), "install dubline again")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != card().sha256:
            raise EnvironmentFault(
                "the weights of the event classifier were altered", str(path), "install dubline again"
            )
    return network_of(card().config, path)


def network_of(config: dict[str, Any], path: Path) -> EventNet:
    """A network as ``config`` says, with the weights at ``path``, ready to decide."""
    lists: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    network = EventNet(EventNetConfig(**lists)).eval()
    network.load_state_dict({name: tensor.float() if tensor.is_floating_point() else tensor
                             for name, tensor in load_file(path).items()})  # fmt: skip
    return network


class Classifier:
    """Streaming scores of several parallel 16 kHz signals, one per column, that share one dialogue stem.

    Scores come late by the network's reach, but in order and for every frame: pieces give what the whole would.
    """

    def __init__(self, streams: int, network: EventNet | None = None, *, piece: int = PIECE) -> None:
        self._network = network or load()
        self._activity = VoiceActivity(streams)
        self._streams, self._piece = streams, piece
        # M&E signals and, last, the stem; what of it lies before the next frame to be decided is context.
        self._samples = np.zeros((0, streams + 1), np.float32)
        self._states = np.zeros((0, streams, HIDDEN), np.float32)
        self._before = 0

    def process(self, block: Block, context: Block | None = None) -> Decided:
        """``block``: (n, streams) float32; ``context``: (n, 1), the dialogue stem meanwhile, silent where None.

        Samples that are not finite count as silence.
        """
        stem = np.zeros((len(block), 1), np.float32) if context is None else context
        both = np.nan_to_num(np.concatenate([block, stem], axis=1), nan=0.0, posinf=0.0, neginf=0.0)
        self._samples = np.concatenate([self._samples, both])
        self._states = np.concatenate([self._states, self._activity.states(block)])
        return _joined([self._decide(self._piece, last=False) for _ in range(self._ready())], self._streams)

    def flush(self) -> Decided:
        """The rest, the last frame completed with silence; ends the stream."""
        self._states = np.concatenate([self._states, self._activity.flush_states()])
        missing = len(self._states) * FRAME - len(self._samples)
        self._samples = np.pad(self._samples, ((0, missing), (0, 0)))
        rest = [self._decide(self._piece, last=False) for _ in range(self._ready())]
        left = len(self._states) - self._before
        return _joined([*rest, *([self._decide(left, last=True)] if left else [])], self._streams)

    def _ready(self) -> int:
        """How many whole pieces have their context behind them."""
        return max(len(self._states) - self._before - self._network.config.reach, 0) // self._piece

    def _decide(self, frames: int, *, last: bool) -> Decided:
        reach = self._network.config.reach
        seen = self._before + frames + (0 if last else reach)
        samples = torch.from_numpy(np.ascontiguousarray(self._samples[: seen * FRAME].T))
        states = torch.from_numpy(np.ascontiguousarray(self._states[:seen].swapaxes(0, 1)))
        with torch.inference_mode():
            logits = self._network(samples[:-1], samples[-1:].expand(self._streams, -1), states)
        decided = slice(self._before, self._before + frames)
        scores: Block = torch.sigmoid(logits).transpose(0, 1).numpy()[decided]
        speech = self._activity.decide(self._states[decided])
        # What is decided becomes the context of what follows.
        drop = max(self._before + frames - reach, 0)
        self._samples, self._states = self._samples[drop * FRAME :], self._states[drop:]
        self._before += frames - drop
        return Decided(scores, speech)


def _joined(parts: list[Decided], streams: int) -> Decided:
    none = Decided(np.zeros((0, streams, len(LABELS)), np.float32), np.zeros((0, streams), np.float32))
    return Decided(*(np.concatenate(each) for each in zip(none, *parts, strict=True)))
