"""MRX has the published size, does not care how loud it is fed, and keeps what the engine is promised."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dubline.audio.layout import Layout
from dubline.loudness.meter import Meter
from dubline.separation.loudness import integrated_loudness
from dubline.separation.mrx import Mrx, MrxConfig

TINY = MrxConfig(rate=8_000, windows=(64, 128, 256), hop=32, hidden=8, layers=1)


@pytest.fixture(scope="module")
def network() -> Mrx:
    """A tiny one with random weights."""
    torch.manual_seed(5)
    return Mrx(TINY).eval().requires_grad_(False)


def test_the_size_is_the_published_one() -> None:
    network = Mrx()
    assert sum(parameter.numel() for parameter in network.parameters()) == 30_509_080
    # 122.3 MB are published: four bytes for each number, and the names.
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    assert 0 < 122_317_463 - size < 60_000


@pytest.mark.parametrize("gain", [0.01, 0.3, 30.0])
def test_a_gain_on_the_mix_is_a_gain_on_the_stems(network: Mrx, gain: float) -> None:
    wave = 0.3 * torch.randn(1, 1, 8000)
    for loud, plain in zip(network(gain * wave), network(wave), strict=True):
        assert torch.allclose(loud, gain * plain, rtol=1e-3, atol=gain * 1e-5)


def test_masks_of_one_third_in_three_resolutions_give_the_mix() -> None:
    network = Mrx(TINY).eval().requires_grad_(False)
    for decoders in network.decoders:
        for decoder in decoders:  # type: ignore[attr-defined]
            decoder[4].weight.zero_()
            decoder[4].bias.fill_(1 / 3)
    wave = torch.randn(1, 1, 8000)
    assert torch.allclose(network(wave).dialogue, wave, atol=1e-5)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_loudness_is_what_the_meter_measures(rate: int) -> None:
    rng = np.random.default_rng(2)
    swell = 10 ** (-2 * np.sin(np.linspace(0, 9, 5 * rate)) ** 2)
    signals = [0.1 * swell * np.cumsum(rng.standard_normal(5 * rate)) / 30, 0.02 * rng.standard_normal(5 * rate)]
    found = integrated_loudness(torch.tensor(np.array(signals), dtype=torch.float32), rate)
    for signal, loudness in zip(signals, found.tolist(), strict=True):
        meter = Meter(rate, Layout.parse("mono"))
        meter.process(signal.astype(np.float32)[:, None])
        assert meter.measurement().integrated_lufs == pytest.approx(loudness, abs=0.02)


def test_silence_has_no_loudness() -> None:
    assert integrated_loudness(torch.zeros(2, 3, 20_000), 48_000).tolist() == [[-np.inf] * 3] * 2
