"""Spleeter: one convolutional U-Net per stem over magnitudes below 11 kHz, whose outputs share out the mix.

An independent implementation from Hennequin, Khlif, Voituret and Moussallam, "Spleeter: a fast and efficient music
source separation tool with pre-trained models" (2020) and, for the U-Net, Jansson et al., "Singing Voice Separation
with Deep U-Net Convolutional Networks" (2017).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from dubline.separation.network import Estimate, Network
from dubline.separation.spectra import HannSpectra
from dubline.separation.targets import dialogue_and_music

KERNEL = 5
# A stride of two over an even length keeps half of it: three values of filling, of which two at the end.
FILLING = (1, 2, 1, 2)
# Power below which no stem has a claim and all share alike, as published.
EMPTY = 1e-10


@dataclass(frozen=True, slots=True)
class SpleeterConfig:
    """Everything needed to build the network again; the default is the published model of two stems.

    The U-Nets hear ``bins`` bins, a multiple of two to the number of ``filters``, and at most ``frames`` frames at a
    time. ``above`` says what happens to the bins above: the stem's ``mean`` mask in each frame, or ``zeros``: nothing
    above goes to any stem.
    """

    targets: tuple[str, ...] = ("vocals", "other")
    rate: int = 44_100
    channels: int = 2
    n_fft: int = 4096
    hop: int = 1024
    bins: int = 1024
    frames: int = 512
    filters: tuple[int, ...] = (16, 32, 64, 128, 256, 512)
    exponent: float = 2.0
    above: Literal["mean", "zeros"] = "mean"

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


class UNet(nn.Module):
    """Magnitudes of the mix in, magnitudes of one stem out.

    Every level halves frames and bins. What comes up joins what went down, taken before its normalization; the last
    two convolutions see wide again.
    """

    def __init__(self, channels: int, filters: tuple[int, ...]) -> None:
        super().__init__()
        downward = list(itertools.pairwise((channels, *filters)))
        self.down = nn.ModuleList(nn.Conv2d(a, b, KERNEL, stride=2) for a, b in downward)
        self.down_norm = nn.ModuleList(_norm(b) for _, b in downward[:-1])
        wide = [filters[-1], *(2 * count for count in reversed(filters[:-1]))]
        narrow = [*reversed(filters[:-1]), 1]
        self.up = nn.ModuleList(nn.ConvTranspose2d(a, b, KERNEL, stride=2) for a, b in zip(wide, narrow, strict=True))
        self.up_norm = nn.ModuleList(_norm(b) for b in narrow)
        self.mask = nn.Conv2d(1, channels, 4, dilation=2, padding=3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, magnitude: Tensor) -> Tensor:
        """``(batch, channels, frames, bins)`` to the same shape; both are multiples of two to the number of levels."""
        x, passed = magnitude, []
        for level, convolution in enumerate(self.down):
            if level > 0:
                x = functional.leaky_relu(self.down_norm[level - 1](x), 0.2)
            x = convolution(functional.pad(x, FILLING))
            passed.append(x)
        passed.pop()
        for level, (convolution, norm) in enumerate(zip(self.up, self.up_norm, strict=True)):
            x = norm(torch.relu(_trimmed(convolution(x))))
            if level < 3:
                x = self.dropout(x)
            if passed:
                x = torch.cat((passed.pop(), x), 1)
        return torch.sigmoid(self.mask(x)) * magnitude


class Spleeter(Network):
    """All stems of one model. Their masks are shares of the mix and add up to one below the highest bin heard."""

    def __init__(self, config: SpleeterConfig | None = None) -> None:
        config = config or SpleeterConfig()
        super().__init__(rate=config.rate, channels=config.channels, hop=config.hop)
        self.config = config
        self.spectra = HannSpectra(config.n_fft, config.hop)
        self.stems = nn.ModuleDict({name: UNet(config.channels, config.filters) for name in config.targets})

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, channels, samples)``."""
        mix = self.spectra(waveform)
        masks = self._masks(mix.abs())
        stems = dialogue_and_music(masks, self.config.targets)
        return Estimate(*(self.spectra.inverse(stem * mix, waveform.shape[-1]) for stem in stems))

    def _masks(self, magnitude: Tensor) -> Tensor:
        """``(batch, channels, bins, frames)`` to ``(batch, targets, channels, bins, frames)``."""
        # Equal pieces rather than full ones and a stub: the stub would be mostly silence.
        pieces = magnitude.tensor_split(math.ceil(magnitude.shape[-1] / self.config.frames), -1)
        masks = torch.cat([self._shares(piece[:, :, : self.config.bins]) for piece in pieces], -1)
        missing = magnitude.shape[2] - self.config.bins
        above = masks.mean(-2, keepdim=True) if self.config.above == "mean" else torch.zeros_like(masks[..., :1, :])
        return torch.cat((masks, above.expand(-1, -1, -1, missing, -1)), -2)

    def _shares(self, magnitude: Tensor) -> Tensor:
        """Every stem's share of each bin heard, ``(batch, targets, channels, bins, frames)``."""
        frames = magnitude.shape[-1]
        step: int = 2 ** len(self.config.filters)
        piece = functional.pad(magnitude, (0, -frames % step)).transpose(2, 3)
        power = torch.stack([stem(piece) for stem in self.stems.values()], 1) ** self.config.exponent
        shares = (power + EMPTY / len(self.stems)) / (power.sum(1, keepdim=True) + EMPTY)
        return shares.transpose(3, 4)[..., :frames]


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _trimmed(x: Tensor) -> Tensor:
    """Without what a transposed convolution adds around twice its input: the filling of the way down."""
    left, right, top, bottom = FILLING
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]
