"""Stems at another rate are the same sounds and still sum to the mix."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dubline.separation.network import Estimate, Network
from dubline.training.rates import at_rate, separate_mono


def tone(rate: int, hertz: float = 440.0, seconds: float = 0.5) -> Tensor:
    """Whole periods, as a loop has them."""
    return torch.sin(2 * torch.pi * hertz * torch.arange(round(seconds * rate)).double() / rate).float()


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_a_tone_keeps_its_pitch_level_and_length(rate: int) -> None:
    torch.testing.assert_close(at_rate(tone(48_000), 48_000, rate), tone(rate), atol=1e-4, rtol=0)
    torch.testing.assert_close(at_rate(tone(rate), rate, 48_000), tone(48_000), atol=1e-4, rtol=0)


def test_sums_stay_sums() -> None:
    stems = torch.randn(3, 10_001, generator=torch.Generator().manual_seed(0))
    resampled = at_rate(stems, 48_000, 44_100)
    torch.testing.assert_close(resampled.sum(0), at_rate(stems.sum(0), 48_000, 44_100), atol=1e-4, rtol=0)


class Halves(Network):
    """Half of what it hears is dialogue, a quarter music."""

    def forward(self, waveform: Tensor) -> Estimate:
        assert waveform.shape[1] == self.channels
        return Estimate(waveform / 2, waveform / 4)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize("frames", [1, 1_000, 24_001])
def test_a_network_of_any_rate_and_channels_hears_mono_at_48_khz(channels: int, rate: int, frames: int) -> None:
    mix = tone(48_000)[None, None, :frames].expand(3, 1, -1)
    estimate = separate_mono(Halves(rate=rate, channels=channels, hop=1), mix)
    assert estimate.dialogue.shape == estimate.music.shape == mix.shape
    # The ends of what is no loop ring when the rate changes.
    inner = slice(200, -200) if rate != 48_000 else slice(None)
    torch.testing.assert_close(estimate.dialogue[..., inner], mix[..., inner] / 2, atol=0.02, rtol=0)
    torch.testing.assert_close(estimate.music, estimate.dialogue / 2)
