"""The transform loses nothing, and masks are what they claim to be."""

from __future__ import annotations

import itertools

import pytest
import torch

from dubline.separation.bandsplit import BandSplit, BandSplitConfig, band_edges
from dubline.separation.network import MaskNetwork, Network


@pytest.mark.parametrize("samples", [1, 2, 1023, 1024, 1025, 4800, 50_001])
def test_the_transform_and_back_null(identity: MaskNetwork, samples: int) -> None:
    wave = torch.randn(2, samples, generator=torch.Generator().manual_seed(samples))
    assert torch.allclose(identity.inverse(identity.transform(wave), samples), wave, atol=1e-5)


def test_a_frame_is_centered_on_its_hop(identity: MaskNetwork) -> None:
    wave = torch.zeros(1, 8192)
    wave[0, 3 * 1024] = 1.0
    energy = identity.transform(wave).abs().square().sum((0, 1))
    assert int(energy.argmax()) == 3


def test_shapes_and_bounds(tiny: MaskNetwork) -> None:
    spectrum = tiny.transform(torch.randn(3, 9000))
    masks = tiny.masks(spectrum)
    assert masks.dialogue.shape == masks.music.shape == spectrum.shape == (3, 1025, 10)
    assert masks.dialogue.abs().max() < 1.5
    assert masks.music.min() >= 0 and masks.music.max() <= 1


@pytest.mark.parametrize("level", [0.0, 1e-30, 1e-6, 1.0, 1e4])
def test_masks_are_finite_at_any_level(tiny: MaskNetwork, level: float) -> None:
    masks = tiny.masks(tiny.transform(level * torch.randn(1, 9000)))
    assert torch.isfinite(torch.view_as_real(masks.dialogue)).all() and torch.isfinite(masks.music).all()


def test_items_of_a_batch_do_not_hear_each_other(tiny: MaskNetwork) -> None:
    wave = torch.randn(2, 1, 9000)
    together, alone = tiny(wave), tiny(wave[:1])
    assert torch.allclose(together.dialogue[:1], alone.dialogue, atol=1e-6)


@pytest.mark.parametrize("samples", [1, 1024, 4801])
def test_estimates_have_the_shape_of_the_mix_and_silence_stays_silent(tiny: MaskNetwork, samples: int) -> None:
    wave = torch.stack([torch.randn(1, samples), torch.zeros(1, samples)])
    for stem in tiny(wave):
        assert stem.shape == wave.shape and torch.isfinite(stem).all()
        assert stem[0].any() and not stem[1].any()


def test_a_network_hears_one_channel_or_two() -> None:
    with pytest.raises(ValueError, match="not 6"):
        Network(rate=48_000, channels=6, hop=1024)


@pytest.mark.parametrize("bands", [4, 16, 24, 40])
def test_band_edges_cover_the_spectrum(bands: int) -> None:
    edges = band_edges(BandSplitConfig(bands=bands))
    assert len(edges) == bands and edges[0] == 0 and edges[-1] == 1024
    assert all(a < b for a, b in itertools.pairwise(edges))


def test_the_shipped_size_is_about_one_and_a_half_million_parameters() -> None:
    count = sum(p.numel() for p in BandSplit().parameters())
    assert 1.2e6 < count < 2.0e6


def test_products_in_bfloat16_change_little_and_estimates_stay_float32(tiny: MaskNetwork) -> None:
    wave = torch.randn(1, 1, 9000)
    with torch.autocast("cpu", torch.bfloat16):
        rough = tiny(wave)
    exact = tiny(wave)
    assert rough.dialogue.dtype == rough.music.dtype == torch.float32
    error = (rough.dialogue - exact.dialogue).square().mean() / exact.dialogue.square().mean()
    assert error < 10 ** (-25 / 10)
