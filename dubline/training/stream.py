"""Batches of mixtures for the trainer, made by worker processes beside it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from dubline.training.mixtures import Mixer


class MixtureStream(IterableDataset[Tensor]):
    """Endless batches ``(batch, 3, frames)`` of dialogue, music and effects, from batch number ``first`` on.

    Batch k holds mixtures ``k * batch`` to ``(k + 1) * batch - 1`` whatever the number of workers.
    """

    def __init__(self, mixer: Mixer, *, batch: int, first: int = 0) -> None:
        super().__init__()
        self._mixer = mixer
        self._batch = batch
        self._first = first

    def __iter__(self) -> Iterator[Tensor]:
        worker = get_worker_info()
        number, stride = self._first, 1
        if worker is not None:
            number, stride = self._first + worker.id, worker.num_workers
        while True:
            yield stack(self._mixer, number * self._batch, self._batch)
            number += stride


def stack(mixer: Mixer, first: int, count: int) -> Tensor:
    """Mixtures ``first`` to ``first + count - 1`` as one tensor ``(count, 3, frames)``."""
    mixtures = [mixer.draw(number) for number in range(first, first + count)]
    return torch.from_numpy(np.stack([np.stack(mixture) for mixture in mixtures]))


def batches(mixer: Mixer, *, batch: int, first: int, workers: int) -> Iterator[Tensor]:
    """The stream through ``workers`` processes, or in this one for 0."""
    stream = MixtureStream(mixer, batch=batch, first=first)
    return iter(DataLoader(stream, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None))
