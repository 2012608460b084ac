"""Open-Unmix: one recurrent magnitude network per target, then a multichannel Wiener filter over all of them.

An independent implementation from Stöter, Uhlich, Liutkus and Mitsufuji, "Open-Unmix - A Reference Implementation for
Music Source Separation" (2019), with parameters named as in its published checkpoints, each under its target's name
(``vocals.fc1.weight``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dubline.separation.network import Estimate, Network
from dubline.separation.spectra import HannSpectra
from dubline.separation.targets import dialogue_and_music
from dubline.separation.wiener import wiener


@dataclass(frozen=True, slots=True)
class OpenUnmixConfig:
    """Everything needed to build the network again; the default is the published 44.1 kHz stereo layout.

    ``max_hz`` is how far up a network listens; it predicts all bins. With ``residual`` the filter knows a further
    source, what the targets leave of the mix: needed where there is one target only.
    """

    targets: tuple[str, ...] = ("vocals", "drums", "bass", "other")
    rate: int = 44_100
    channels: int = 2
    n_fft: int = 4096
    hop: int = 1024
    hidden: int = 512
    layers: int = 3
    max_hz: float = 16_000
    iterations: int = 1
    residual: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)

    @property
    def bins_heard(self) -> int:
        """Bins from 0 Hz up to ``max_hz``."""
        return min(int(self.max_hz * self.n_fft / self.rate), self.n_fft // 2) + 1


class TargetNetwork(nn.Module):
    """Magnitudes of the mix in, magnitudes of one target out."""

    def __init__(self, config: OpenUnmixConfig) -> None:
        super().__init__()
        self.config = config
        heard, bins, hidden = config.bins_heard, config.n_fft // 2 + 1, config.hidden
        # Mean and scale of the training set's spectra, the mean with its sign turned: both are learned on.
        self.input_mean = nn.Parameter(torch.zeros(heard))
        self.input_scale = nn.Parameter(torch.ones(heard))
        self.output_scale = nn.Parameter(torch.ones(bins))
        self.output_mean = nn.Parameter(torch.ones(bins))
        self.fc1 = nn.Linear(heard * config.channels, hidden, bias=False)
        self.bn1 = nn.BatchNorm1d(hidden)
        self.lstm = nn.LSTM(
            hidden,
            hidden // 2,
            num_layers=config.layers,
            bidirectional=True,
            batch_first=True,
            dropout=0.4 if config.layers > 1 else 0.0,
        )
        self.fc2 = nn.Linear(2 * hidden, hidden, bias=False)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc3 = nn.Linear(hidden, bins * config.channels, bias=False)
        self.bn3 = nn.BatchNorm1d(bins * config.channels)

    def forward(self, magnitude: Tensor) -> Tensor:
        """``(batch, channels, bins, frames)`` to the same shape, never negative."""
        mix = magnitude.permute(0, 3, 1, 2)
        heard = (mix[..., : self.config.bins_heard] + self.input_mean) * self.input_scale
        encoded = torch.tanh(_per_frame(self.bn1, self.fc1(heard.flatten(2))))
        recurrent = self.lstm(encoded)[0]
        decoded = torch.relu(_per_frame(self.bn2, self.fc2(torch.cat((encoded, recurrent), -1))))
        gain = _per_frame(self.bn3, self.fc3(decoded)).view_as(mix) * self.output_scale + self.output_mean
        return (torch.relu(gain) * mix).permute(0, 2, 3, 1)


class OpenUnmix(Network):
    """All targets of one model, filtered together. While training there is no filter, as in the paper."""

    def __init__(self, config: OpenUnmixConfig | None = None) -> None:
        config = config or OpenUnmixConfig()
        super().__init__(rate=config.rate, channels=config.channels, hop=config.hop)
        self.config = config
        self.spectra = HannSpectra(config.n_fft, config.hop)
        for target in config.targets:
            self.add_module(target, TargetNetwork(config))

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, channels, samples)``; what no target claims is left to the effects."""
        mix = self.spectra(waveform)
        magnitude, phase = mix.abs(), mix.sgn()
        sources = torch.stack([self.get_submodule(name)(magnitude) * phase for name in self.config.targets], 1)
        if self.config.residual:
            sources = torch.cat((sources, (mix - sources.sum(1))[:, None]), 1)
        refined = wiener(mix, sources, iterations=0 if self.training else self.config.iterations)
        stems = dialogue_and_music(refined, self.config.targets)
        return Estimate(*(self.spectra.inverse(stem, waveform.shape[-1]) for stem in stems))


def _per_frame(norm: nn.Module, features: Tensor) -> Tensor:
    """Batch normalization of ``(batch, frames, features)``, every frame counting as an item."""
    normalized: Tensor = norm(features.flatten(0, 1))
    return normalized.view_as(features)
