"""Batches of mixtures for the trainer, made by worker processes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from dubline.training.mixtures.mixer import Mixture
from dubline.training.mixtures.placement import background_place, dialogue_place, place_stereo


class Drawing(Protocol):
    """What draws mixtures: always the same one for a number."""

    @property
    def seed(self) -> int:
        """Another seed gives other mixtures."""

    def draw(self, number: int) -> Mixture:
        """Mixture ``number``: mono stems of one length at 48 kHz."""


class MixtureStream(IterableDataset[Tensor]):
    """Endless batches ``(batch, 3, channels, frames)`` of dialogue, music and effects, from batch ``first`` on.

    Batch k holds mixtures ``k * batch`` to ``(k + 1) * batch - 1`` whatever the number of workers.
    """

    def __init__(self, mixer: Drawing, *, batch: int, first: int = 0, channels: int = 1) -> None:
        super().__init__()
        self._mixer = mixer
        self._batch = batch
        self._first = first
        self._stack = stack_stereo if channels == 2 else stack_mono

    def __iter__(self) -> Iterator[Tensor]:
        worker = get_worker_info()
        number, stride = self._first, 1
        if worker is not None:
            number, stride = self._first + worker.id, worker.num_workers
        while True:
            yield self._stack(self._mixer, number * self._batch, self._batch)
            number += stride


def stack(mixer: Drawing, first: int, count: int) -> Tensor:
    """Mixtures ``first`` to ``first + count - 1`` as one tensor ``(count, 3, frames)``."""
    mixtures = [mixer.draw(number) for number in range(first, first + count)]
    return torch.from_numpy(np.stack([np.stack(mixture) for mixture in mixtures]))


def stack_mono(mixer: Drawing, first: int, count: int) -> Tensor:
    """The same with an axis for the one channel: ``(count, 3, 1, frames)``."""
    return stack(mixer, first, count)[:, :, None]


def stack_stereo(mixer: Drawing, first: int, count: int) -> Tensor:
    """The same between two loudspeakers, ``(count, 3, 2, frames)``: every stem at a place of its own."""
    return torch.from_numpy(np.stack([_placed(mixer, number) for number in range(first, first + count)]))


def _placed(mixer: Drawing, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    # The third number keeps these draws apart from those of the mixture itself.
    rng = np.random.default_rng((mixer.seed, number, 1))
    dialogue, music, effects = mixer.draw(number)
    placed = [place_stereo(rng, dialogue, dialogue_place(rng))]
    placed += [place_stereo(rng, stem, background_place(rng)) for stem in (music, effects)]
    return np.stack(placed).swapaxes(1, 2)


def batches(mixer: Drawing, *, batch: int, first: int, workers: int, channels: int = 1) -> Iterator[Tensor]:
    """The stream through ``workers`` processes, or in this one for 0."""
    stream = MixtureStream(mixer, batch=batch, first=first, channels=channels)
    return iter(DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None))
