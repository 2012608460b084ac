"""MRX: three spectra of different resolution, read by shared recurrent branches, and masks for all three.

An independent implementation of Petermann, Wichern, Wang and Le Roux, "The Cocktail Fork Problem: Three-Stem Audio
Separation for Real-World Soundtracks" (ICASSP 2022), which carries the averaged branches of Sawata et al., "All for One
and One for All" (ICASSP 2021), to several resolutions. As in the weights that its authors publish, batch normalization
stands at the input in place of a fixed mean and scale; these weights fit once `dubline.separation.convert` has renamed
them.

The network heard soundtracks at -27 LUFS. Each signal of a window is brought to that loudness, and its stems back.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dubline.separation.consistency import consistent
from dubline.separation.loudness import integrated_loudness
from dubline.separation.mirror import mirrored
from dubline.separation.network import Estimate, Network
from dubline.separation.spectra import HannSpectra


@dataclass(frozen=True, slots=True)
class MrxConfig:
    """Everything needed to build the network again; as published by default."""

    rate: int = 44_100
    windows: tuple[int, ...] = (1024, 2048, 8192)
    hop: int = 256
    hidden: int = 512
    layers: int = 3
    targets: tuple[str, ...] = ("music", "speech", "sfx")
    loudness: float = -27.0

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain numbers and names."""
        return asdict(self) | {"windows": list(self.windows), "targets": list(self.targets)}


class Mrx(Network):
    """The network. Mono: channels are items of the batch."""

    def __init__(self, config: MrxConfig | None = None) -> None:
        config = config or MrxConfig()
        super().__init__(rate=config.rate, channels=1, hop=config.hop)
        self.config = config
        self.spectra = nn.ModuleList(HannSpectra(n_fft, config.hop, pad_mode="reflect") for n_fft in config.windows)
        bins = [n_fft // 2 + 1 for n_fft in config.windows]
        self.encoders = nn.ModuleList(_encoder(count, config.hidden) for count in bins)
        self.branches = nn.ModuleList(
            nn.LSTM(
                config.hidden,
                config.hidden // 2,
                num_layers=config.layers,
                bidirectional=True,
                batch_first=True,
                dropout=0.4 if config.layers > 1 else 0.0,
            )
            for _ in config.targets
        )
        self.decoders = nn.ModuleList(
            nn.ModuleList(_decoder(count, config.hidden) for count in bins) for _ in config.targets
        )

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, 1, samples)``; speech is as the network estimates it."""
        samples = waveform.shape[-1]
        loudness = integrated_loudness(waveform, self.rate)[..., None]
        gain = 10 ** (torch.where(loudness.isinf(), 0.0, self.config.loudness - loudness) / 20)
        heard = mirrored((waveform * gain)[:, 0], max(self.config.windows))
        spectra = [transform(heard) for transform in self.spectra]
        features = self._features(spectra)
        sources = torch.stack([self._stem(decoders, features, spectra, samples) for decoders in self.decoders], 1)
        return consistent(waveform, sources[:, :, None] / gain[:, None], self.config.targets)

    def _features(self, spectra: list[Tensor]) -> Tensor:
        """Complex ``(batch, bins, frames)`` per resolution to ``(batch, frames, 2 * hidden)``."""
        encoded = [
            torch.tanh(_per_frame(encoder, spectrum.abs().transpose(1, 2) / math.sqrt(n_fft)))
            for encoder, spectrum, n_fft in zip(self.encoders, spectra, self.config.windows, strict=True)
        ]
        shared = torch.stack(encoded).mean(0)
        recurrent = torch.stack([branch(shared)[0] for branch in self.branches]).mean(0)
        return torch.cat((shared, recurrent), -1)

    def _stem(self, decoders: nn.Module, features: Tensor, spectra: list[Tensor], samples: int) -> Tensor:
        """One target ``(batch, samples)``: the sum of what each resolution makes of it."""
        parts = [
            transform.inverse(_per_frame(decoder, features).transpose(1, 2) * spectrum, samples)  # type: ignore[operator]
            for transform, decoder, spectrum in zip(self.spectra, decoders.children(), spectra, strict=True)
        ]
        return torch.stack(parts).sum(0)


def _encoder(bins: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm1d(bins), nn.Linear(bins, hidden, bias=False), nn.BatchNorm1d(hidden))


def _decoder(bins: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(2 * hidden, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, bins, bias=False),
        nn.BatchNorm1d(bins),
        nn.ReLU(),
    )


def _per_frame(layers: nn.Module, values: Tensor) -> Tensor:
    """``layers`` on ``(batch, frames, …)``, every frame counting as an item."""
    outcome: Tensor = layers(values.flatten(0, 1))
    return outcome.view(*values.shape[:2], -1)
