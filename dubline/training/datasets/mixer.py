"""Items of a Divide and Remaster folder as mixtures to train on: excerpts, their levels as delivered."""

from __future__ import annotations

import itertools

import numpy as np
import soxr
import torch
from torch import Tensor

from dubline.errors import BadInput
from dubline.training.corpus import RATE
from dubline.training.datasets.folder import DnrFolder
from dubline.training.mixtures.mixer import Mixture

# Excerpts looked at for each validation item before a folder counts as one without dialogue or background.
_TRIES = 20


class DnrMixer:
    """Draws excerpts of ``frames`` samples at 48 kHz: the same seed and number always give the same one."""

    def __init__(self, folder: DnrFolder, frames: int, *, seed: int) -> None:
        self.seed = seed
        self._folder = folder
        self._frames = frames

    def draw(self, number: int) -> Mixture:
        """Excerpt ``number``, of a random item; one that is too short ends in silence."""
        rng = np.random.default_rng((self.seed, number))
        item = int(rng.integers(len(self._folder)))
        wanted = -(-self._frames * self._folder.rate // RATE)
        start = int(rng.integers(max(self._folder.frames(item) - wanted, 0) + 1))
        stems = self._folder.excerpt(item, start, wanted)
        if self._folder.rate != RATE:
            stems = np.stack([soxr.resample(stem, self._folder.rate, RATE, quality="VHQ") for stem in stems])
        stems = np.pad(stems, ((0, 0), (0, max(self._frames - stems.shape[1], 0))))
        return Mixture(*(np.ascontiguousarray(stem[: self._frames], np.float32) for stem in stems))


def excerpts(mixer: DnrMixer, items: int) -> Tensor:
    """The first ``items`` excerpts that hold dialogue and background: ``(items, 3, frames)``.

    Raises `BadInput` for a folder that has too few of them.
    """
    drawn = (mixer.draw(number) for number in range(_TRIES * items))
    usable = (np.stack(one) for one in drawn if one.dialogue.any() and (one.music.any() or one.effects.any()))
    found = list(itertools.islice(usable, items))
    if len(found) < items:
        raise BadInput("too few excerpts hold both dialogue and background", "--dnr", "name another folder")
    return torch.from_numpy(np.stack(found))
