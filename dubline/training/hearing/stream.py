"""Batches for the event classifier, drawn without end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset

from dubline.training.corpus import Samples
from dubline.training.hearing.material import Material
from dubline.training.hearing.scenes import Scene, SceneRules, draw
from dubline.training.hearing.separated import recolored
from dubline.vocalization.silero import VoiceActivity


class Batch(NamedTuple):
    """``me``, ``stem`` (batch, n); ``known`` (batch, frames, HIDDEN); ``target``, ``weight`` (.., frames, labels)."""

    me: Tensor
    stem: Tensor
    known: Tensor
    target: Tensor
    weight: Tensor


class SceneStream(IterableDataset[Batch]):
    """Batches of ``size`` from number ``first`` on, the same for a seed; ``separated_share`` is a separator's M&E."""

    def __init__(
        self,
        material: Material,
        separated: Sequence[Scene],
        *,
        size: int,
        seed: int,
        first: int = 0,
        separated_share: float = 0.3,
        rules: SceneRules | None = None,
    ) -> None:
        self._material, self._separated = material, separated
        self._size, self._seed, self._first = size, seed, first
        self._share = separated_share if separated else 0.0
        self._rules = rules or SceneRules()

    def __iter__(self) -> Iterator[Batch]:
        number = self._first
        while True:
            rng = np.random.default_rng((self._seed, number))
            yield batch_of([self._scene(rng) for _ in range(self._size)])
            number += 1

    def _scene(self, rng: np.random.Generator) -> Scene:
        if rng.random() < self._share:
            return recolored(rng, self._separated[int(rng.integers(len(self._separated)))])
        return draw(rng, self._material, self._rules)


def batch_of(scenes: Sequence[Scene]) -> Batch:
    """``scenes`` side by side, with what silero-vad has in mind of their M&E."""
    me = np.stack([scene.me for scene in scenes])
    known = known_of(me)
    parts = (
        me,
        np.stack([s.stem for s in scenes]),
        known,
        *(np.stack([getattr(s, n) for s in scenes]) for n in _TRUTH),
    )
    return Batch(*(torch.from_numpy(part) for part in parts))


def known_of(samples: Samples) -> Samples:
    """silero-vad's state for ``samples`` (batch, n): (batch, frames, HIDDEN)."""
    return np.ascontiguousarray(VoiceActivity(len(samples)).states(samples.T).swapaxes(0, 1))


_TRUTH = ("target", "weight")
