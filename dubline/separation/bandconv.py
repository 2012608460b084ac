"""Band-split convolutional network: every product is a large one, so that it learns on a processor as well as on a GPU.

The bands and heads are those of `bandsplit`. Between them, dilated depthwise convolutions along time with a pointwise
perceptron (Liu et al., "A ConvNet for the 2020s", 2022) take turns with a bottleneck over all bands of a frame (the
time-distributed fully connected blocks of Choi et al., "Investigating U-Nets with various intermediate blocks for
spectrogram-based singing voice separation", 2020). What it hears is bounded, and its context is as long as that, so
windows give what one piece gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice

import torch
from torch import Tensor, nn
from torch.nn import functional

from dubline.separation.bandsplit import BandConfig, BandMasks

# Each convolution reaches three times as far as the one before.
DILATIONS = (1, 3, 9, 27)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandConvConfig(BandConfig):
    """Everything needed to build the network again; stored in the model card."""

    blocks: int = 6
    kernel: int = 7
    widening: int = 3
    bottleneck: int = 192

    @property
    def dilations(self) -> tuple[int, ...]:
        """Frames between the taps of every block's convolution."""
        return tuple(islice(cycle(DILATIONS), self.blocks))

    @property
    def reach_seconds(self) -> float:
        """How far from a sample anything can lie that it depends on."""
        frames = sum(self.dilations) * (self.kernel // 2)
        return (frames * self.hop + self.n_fft) / self.rate


class AlongTime(nn.Module):
    """Depthwise convolution of every band's features along time, then a perceptron per band and frame, residual."""

    def __init__(self, config: BandConvConfig, dilation: int) -> None:
        super().__init__()
        features = config.features
        self.dilation = dilation
        self.norm = nn.LayerNorm(features)
        self.taps = nn.Parameter(torch.randn(config.kernel, config.bands, features) / config.kernel**0.5)
        self.wide = nn.Linear(features, config.widening * features)
        self.narrow = nn.Linear(config.widening * features, features)

    def forward(self, z: Tensor) -> Tensor:
        """``(batch, frames, bands, features)`` in and out."""
        change: Tensor = self.narrow(functional.gelu(self.wide(self._convolved(self.norm(z)))))
        return z + change

    def _convolved(self, z: Tensor) -> Tensor:
        """Shifted products: for so few taps they cost a third of torch's depthwise convolution, gradients included."""
        frames, reach = z.shape[1], self.dilation * (len(self.taps) // 2)
        padded = functional.pad(z, (0, 0, 0, 0, reach, reach))
        out = padded[:, :frames] * self.taps[0]
        for number, tap in enumerate(self.taps[1:], start=1):
            out = torch.addcmul(out, padded[:, number * self.dilation :][:, :frames], tap)
        return out


class AcrossBands(nn.Module):
    """A bottleneck over all bands and features of a frame, residual: what rings in one band is heard in all."""

    def __init__(self, config: BandConvConfig) -> None:
        super().__init__()
        width = config.bands * config.features
        self.norm = nn.LayerNorm(config.features)
        self.narrow = nn.Linear(width, config.bottleneck)
        self.wide = nn.Linear(config.bottleneck, width)

    def forward(self, z: Tensor) -> Tensor:
        """``(batch, frames, bands, features)`` in and out."""
        change: Tensor = self.wide(functional.gelu(self.narrow(self.norm(z).flatten(2))))
        return z + change.view_as(z)


class BandConv(BandMasks):
    """Convolutions along time and bottlenecks across bands in turn."""

    def __init__(self, config: BandConvConfig | None = None) -> None:
        config = config or BandConvConfig()
        super().__init__(config, context_seconds=config.reach_seconds)
        self.along_time = nn.ModuleList(AlongTime(config, dilation) for dilation in config.dilations)
        self.across_bands = nn.ModuleList(AcrossBands(config) for _ in config.dilations)

    def mingle(self, z: Tensor) -> Tensor:
        """Every band is read along time, then every frame across its bands, several times over."""
        for along, across in zip(self.along_time, self.across_bands, strict=True):
            z = across(along(z))
        return z
