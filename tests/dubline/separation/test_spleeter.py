"""Spleeter has the published size, shares out the band it hears, and does above it what its config says."""

from __future__ import annotations

import math
from typing import Literal

import pytest
import torch
from torch import Tensor

from dubline.separation.spleeter import Spleeter, SpleeterConfig, UNet


def _network(above: Literal["mean", "zeros"] = "mean", exponent: float = 2.0) -> Spleeter:
    torch.manual_seed(4)
    config = SpleeterConfig(n_fft=256, hop=64, bins=64, frames=32, filters=(4, 8, 16), above=above, exponent=exponent)
    return Spleeter(config).eval().requires_grad_(False)


def _tone(hz: float) -> Tensor:
    """A tone that fades in and out, so that it has no edges for other frequencies to come from."""
    time = torch.arange(8820, dtype=torch.float64) / 44_100
    tone = torch.sin(2 * math.pi * hz * time) * torch.hann_window(len(time))
    return tone.float().expand(1, 2, -1)


def test_two_stems_have_19_6_million_parameters() -> None:
    """Strauss et al. (2021), section 3.2."""
    count = sum(p.numel() for p in Spleeter().parameters())
    assert count == pytest.approx(19.6e6, rel=0.005)


def test_the_mask_is_a_share_of_the_magnitude() -> None:
    torch.manual_seed(4)
    unet = UNet(2, (4, 8, 16)).eval().requires_grad_(False)
    magnitude = torch.rand(2, 2, 32, 64)
    share = unet(magnitude) / magnitude
    assert share.shape == magnitude.shape
    assert share.min() >= 0 and share.max() <= 1


def test_up_and_down_keep_their_place() -> None:
    """What is moved by a whole step of the deepest level comes out moved by as much, away from the ends."""
    torch.manual_seed(4)
    unet = UNet(1, (4, 8)).eval().requires_grad_(False)
    magnitude = torch.rand(1, 1, 96, 64)
    moved = unet(magnitude.roll((4, 8), (2, 3)))
    inner = (slice(None), slice(None), slice(32, 64), slice(24, 40))
    assert torch.allclose(moved[inner], unet(magnitude).roll((4, 8), (2, 3))[inner], atol=1e-6)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_stems_add_up_where_they_are_heard(exponent: float) -> None:
    mix = _tone(2000)
    dialogue, music = _network(exponent=exponent)(mix)
    assert torch.allclose(dialogue + music, mix, atol=1e-4)


def test_a_higher_exponent_gives_more_to_the_stronger_stem() -> None:
    """Shares a : b become a^2 : b^2."""
    mix = _tone(2000)
    dialogue, music = (stem.square().sum() for stem in _network(exponent=1.0)(mix))
    sharper, other = (stem.square().sum() for stem in _network(exponent=2.0)(mix))
    assert (sharper / other - 1).abs() > (dialogue / music - 1).abs()


@pytest.mark.parametrize(("above", "kept"), [("mean", True), ("zeros", False)])
def test_above_the_highest_bin_heard(above: Literal["mean", "zeros"], kept: bool) -> None:
    """64 of 128 bins reach 11 kHz; a tone at 16 kHz is shared out by the mean mask, or is nobody's."""
    mix = _tone(16_000)
    dialogue, music = _network(above)(mix)
    assert torch.allclose(dialogue + music, mix if kept else torch.zeros_like(mix), atol=1e-4)


def test_a_piece_hears_nothing_of_the_next() -> None:
    mix = torch.randn(1, 2, 64 * 63, generator=torch.Generator().manual_seed(6))
    other = mix.clone()
    # Frames 0 to 31 are one piece, 32 to 63 the next; the windows of the first end before sample 32 * 64 + 64.
    other[..., 64 * 40 :] += 1
    network = _network()
    before, after = network(mix).dialogue, network(other).dialogue
    assert torch.equal(before[..., : 64 * 29], after[..., : 64 * 29])
    assert not torch.allclose(before[..., 64 * 34 : 64 * 37], after[..., 64 * 34 : 64 * 37])
