"""A Divide and Remaster folder, version 3 or 2, as tensors to train on or to measure with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.data import Dataset

from dubline.training.datasets.items import ItemFolder


class DnrFolder(ItemFolder, Dataset[Tensor]):
    """An `ItemFolder` whose items are tensors ``(3, frames)`` float32: speech, music and effects."""

    def __getitem__(self, k: int) -> Tensor:
        """Item ``k``: ``(3, frames)``; `BadInput` for a file that cannot be read."""
        return torch.from_numpy(self.stems(k))

    def mixture(self, k: int) -> Tensor:
        """The mixture of item ``k`` as it was written: ``(frames,)``."""
        return torch.from_numpy(self.delivered(k))
