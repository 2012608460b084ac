"""Bandit v2: 64 overlapping musical bands, recurrent along time and bands in turn, one complex mask for every stem.

An independent implementation of Watcharasupat, Wu and Orife, "Remastering Divide and Remaster" (2024), and of the band
split of Watcharasupat et al., "A Generalized Bandsplit Neural Network for Cinematic Audio Source Separation" (2023).
The weights that the authors publish fit it once `dubline.separation.convert` has renamed them.

It was trained on chunks of 8 s, and chunks of another length cost several dB. A window of 4.16 s of segment with 1.92 s
of context before and after it is 750 hops, 8 s to the sample, at every rate of the trade; at the ends of a title and in
short titles, mirrored sound fills the chunk up.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dubline.separation.bandsplit import ResidualRecurrence
from dubline.separation.consistency import consistent
from dubline.separation.mirror import mirrored
from dubline.separation.network import Estimate, Network
from dubline.separation.spectra import HannSpectra

# Band edges are powers of two that may be whole bins: what rounding leaves of those must not cost a bin.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class BanditConfig:
    """Everything needed to build the network again; as published by default."""

    rate: int = 48_000
    n_fft: int = 2048
    hop: int = 512
    bands: int = 64
    features: int = 128
    hidden: int = 256
    pairs: int = 8
    head: int = 512
    targets: tuple[str, ...] = ("speech", "music", "sfx")
    segment_seconds: float = 4.16
    context_seconds: float = 1.92

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain numbers and names."""
        return asdict(self) | {"targets": list(self.targets)}

    @property
    def chunk(self) -> int:
        """What the network hears at once, in samples."""
        return round((self.segment_seconds + 2 * self.context_seconds) * self.rate)


def musical_bands(n_fft: int, bands: int) -> list[range]:
    """The bins of ``bands`` bands whose centers are spaced evenly in pitch from the first bin to the last.

    A band reaches one ``bands``-th of that interval to either side, out to whole bins; neighbors overlap.
    """
    last = n_fft // 2
    octaves = math.log2(last)
    reach = 2 ** (octaves / bands)
    spans = []
    for index in range(bands):
        center = 2 ** (octaves * index / (bands - 1))
        low = math.floor(center / reach + _ROUNDING) if index else 0
        high = math.ceil(center * reach - _ROUNDING) if index < bands - 1 else last
        spans.append(range(low, min(high, last) + 1))
    return spans


class Bandit(Network):
    """The network. Mono: channels are items of the batch."""

    def __init__(self, config: BanditConfig | None = None) -> None:
        config = config or BanditConfig()
        super().__init__(
            rate=config.rate,
            channels=1,
            hop=config.hop,
            segment_seconds=config.segment_seconds,
            context_seconds=config.context_seconds,
        )
        self.config = config
        self.spectra = HannSpectra(config.n_fft, config.hop, pad_mode="reflect")
        # The published spectra are divided by the root of the window's energy: 3/8 of the length of a Hann window.
        self.scale = 1 / math.sqrt(0.375 * config.n_fft)
        self.bands = musical_bands(config.n_fft, config.bands)
        self.split = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(2 * len(band)), nn.Linear(2 * len(band), config.features)) for band in self.bands
        )
        self.blocks = nn.ModuleList(ResidualRecurrence(config.features, config.hidden) for _ in range(2 * config.pairs))
        self.heads = nn.ModuleDict(
            {target: nn.ModuleList(_head(config, len(band)) for band in self.bands) for target in config.targets}
        )
        self.share: Tensor
        self.register_buffer("share", 1 / _coverage(self.bands), persistent=False)

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, 1, samples)``; speech is as the network estimates it."""
        samples = waveform.shape[-1]
        spectrum = self.spectra(mirrored(waveform[:, 0], self.config.chunk))
        z = self._embed(spectrum * self.scale)
        stems = [self.spectra.inverse(self._mask(heads, z) * spectrum, samples) for heads in self.heads.values()]
        return consistent(waveform, torch.stack(stems, dim=1)[:, :, None], self.config.targets)

    def _embed(self, spectrum: Tensor) -> Tensor:
        """Complex ``(batch, bins, frames)`` to features ``(batch, bands, frames, features)``."""
        values = torch.view_as_real(spectrum.transpose(1, 2))
        z = torch.stack(
            [
                layer(values[:, :, band.start : band.stop].flatten(2))
                for layer, band in zip(self.split, self.bands, strict=True)
            ],
            dim=1,
        )
        # Each block turns the features: the next one reads along the other axis.
        for block in self.blocks:
            z = block(z.flatten(0, 1)).view_as(z).transpose(1, 2)
        return z

    def _mask(self, heads: nn.Module, z: Tensor) -> Tensor:
        """Complex mask ``(batch, bins, frames)``: the mean of what the bands over a bin say."""
        mask = z.new_zeros(z.shape[0], z.shape[2], len(self.share), dtype=torch.complex64)
        for index, (head, band) in enumerate(zip(heads.children(), self.bands, strict=True)):
            part = head(z[:, index]).unflatten(-1, (-1, 2))
            mask[:, :, band.start : band.stop] += torch.view_as_complex(part)
        return (mask * self.share).transpose(1, 2)


def _head(config: BanditConfig, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(config.features),
        nn.Linear(config.features, config.head),
        nn.Tanh(),
        nn.Linear(config.head, 4 * width),
        nn.GLU(),
    )


def _coverage(bands: list[range]) -> Tensor:
    """How many bands hold each bin ``(bins,)``."""
    count = torch.zeros(bands[-1].stop)
    for band in bands:
        count[band.start : band.stop] += 1
    return count
