"""Networks at their own rate and channels, trained and validated on mixtures at 48 kHz."""

from __future__ import annotations

import torch
from torch import Tensor

from dubline.separation.network import Estimate, Network
from dubline.training.corpus import RATE


def at_rate(samples: Tensor, rate: int, wanted: int) -> Tensor:
    """``(..., n)`` at ``rate`` Hz as ``(..., m)`` at ``wanted`` Hz, m the nearest whole length.

    By cutting or filling the spectrum, so the ends are those of a loop: linear, hence sums stay sums, and good enough
    to learn from; the engine resamples what people hear.
    """
    if rate == wanted:
        return samples
    length = samples.shape[-1]
    target = max(round(length * wanted / rate), 1)
    spectrum = torch.fft.rfft(samples)
    shared = min(spectrum.shape[-1], target // 2 + 1)
    resampled: Tensor = torch.fft.irfft(spectrum[..., :shared], target) * (target / length)
    return resampled


def separate_mono(network: Network, waveform: Tensor) -> Estimate:
    """What ``network`` makes of mono mixtures ``(batch, 1, n)`` at 48 kHz, given and returned at that rate."""
    length = waveform.shape[-1]
    heard = at_rate(waveform, RATE, network.rate).expand(-1, network.channels, -1)
    stems = (stem.mean(1, keepdim=True) for stem in network(heard))
    return Estimate(*(_fitted(at_rate(stem, network.rate, RATE), length) for stem in stems))


def _fitted(samples: Tensor, length: int) -> Tensor:
    """A rounded length can be a sample off."""
    return torch.nn.functional.pad(samples[..., :length], (0, max(length - samples.shape[-1], 0)))
