"""The band table and size are the published ones, and the network keeps what the engine is promised."""

from __future__ import annotations

import pytest
import torch

from dubline.separation.bandit import Bandit, BanditConfig, musical_bands
from dubline.separation.segments import segmentation

# Bandit v2, 64 bands of 1025 bins, ends exclusive.
PUBLISHED = """
0,3 1,3 1,3 1,3 1,3 1,3 1,4 1,4 2,4 2,4 2,5 3,5 3,6 3,6 4,7 4,7 5,8 5,9 6,10 7,11 8,12 9,13 10,14 11,15 12,17 14,19
15,21 17,23 19,26 21,29 24,32 27,35 30,39 33,44 37,48 42,54 47,60 52,67 58,74 65,83 73,92 81,103 91,115 101,128 113,143
126,159 141,177 158,198 176,221 196,246 219,275 245,306 273,342 305,381 341,425 381,475 425,530 474,591 530,660 591,736
660,822 737,917 823,1024 918,1025
"""
TINY = BanditConfig(
    rate=8_000,
    n_fft=64,
    hop=16,
    bands=6,
    features=8,
    hidden=4,
    pairs=1,
    head=8,
    segment_seconds=0.2,
    context_seconds=0.1,
)


@pytest.fixture(scope="module")
def network() -> Bandit:
    """A tiny one with random weights."""
    torch.manual_seed(3)
    return Bandit(TINY).eval().requires_grad_(False)


def test_the_bands_are_the_published_table() -> None:
    expected = [tuple(int(v) for v in pair.split(",")) for pair in PUBLISHED.split()]
    assert [(band.start, band.stop) for band in musical_bands(2048, 64)] == expected


@pytest.mark.parametrize(("n_fft", "bands"), [(64, 6), (512, 8), (512, 16), (2048, 32), (4096, 64)])
def test_every_bin_is_in_a_band(n_fft: int, bands: int) -> None:
    assert set().union(*musical_bands(n_fft, bands)) == set(range(n_fft // 2 + 1))


def test_the_size_is_the_published_one() -> None:
    sizes = {name: parameter.numel() for name, parameter in Bandit().named_parameters()}
    assert sum(sizes.values()) == 37_022_688
    parts = {
        part: sum(n for name, n in sizes.items() if name.startswith(part)) for part in ("split", "blocks", "heads")
    }
    assert parts == {"split": 565_112, "blocks": 10_541_056, "heads": 25_916_520}


@pytest.mark.parametrize("rate", [8_000, 22_050, 32_000, 44_100, 48_000, 96_000])
def test_a_window_is_exactly_the_chunk_it_was_trained_on(rate: int) -> None:
    config = BanditConfig()
    assert config.chunk == 8 * 48_000
    cut = segmentation(
        60 * rate,
        rate=rate,
        network_rate=config.rate,
        hop=config.hop,
        segment_seconds=config.segment_seconds,
        context_seconds=config.context_seconds,
    )
    assert len(cut[3].window) == 8 * rate


def test_the_masks_of_overlapping_bands_are_averaged() -> None:
    # Heads that answer 1 whatever they hear, as sigmoid(40) = 1 times a real part of 1: the mask is 1 in every bin.
    one = Bandit(TINY).eval().requires_grad_(False)
    for head in one.heads["speech"].children():
        linear = head[3]  # type: ignore[index]
        linear.weight.zero_()
        values, gates = linear.bias.view(2, -1, 2)
        values[:, 0], values[:, 1], gates[:] = 1.0, 0.0, 40.0
    wave = torch.randn(1, 1, 3200)
    assert torch.allclose(one(wave).dialogue, wave, atol=1e-5)


def test_the_residual_goes_to_music_and_effects_alike(network: Bandit) -> None:
    wave = torch.randn(1, 1, 3200)
    estimate = network(wave)
    spectrum = network.spectra(wave[:, 0])
    z = network._embed(spectrum * network.scale)
    speech, music, sfx = (
        network.spectra.inverse(network._mask(h, z) * spectrum, 3200)[None] for h in network.heads.values()
    )
    effects = wave - estimate.dialogue - estimate.music
    assert torch.allclose(estimate.dialogue, speech, atol=1e-6)
    assert torch.allclose(estimate.music - music, effects - sfx, atol=1e-5)
