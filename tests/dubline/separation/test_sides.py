"""The side of a pair gives no larger share of itself to the dialogue than the middle does."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from dubline.separation.sides import Signal, bound_side

RATE = 48_000


def noise(seed: int, samples: int = 30_000) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=30)
@given(samples=st.integers(1, 6_000), rate=st.sampled_from([8_000, 16_000, 44_100, 48_000, 96_000]))
def test_a_side_within_its_bound_changes_by_no_bit(samples: int, rate: int) -> None:
    mid, side = noise(1, samples), noise(2, samples)
    silence = torch.zeros_like(mid)
    bound = bound_side(Signal(mid, mid, silence), Signal(side, side, silence), rate)
    assert torch.equal(bound.dialogue, side) and not bound.music.any()


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_the_side_keeps_to_the_share_of_the_middle(share: float) -> None:
    mid, side = noise(1), noise(2)
    silence = torch.zeros_like(mid)
    bound = bound_side(Signal(mid, share * mid, silence), Signal(side, side, silence), RATE)
    assert (bound.dialogue - share * side).abs().max() < 1e-5


def test_a_side_that_takes_less_than_the_middle_keeps_its_estimate() -> None:
    mid, side = noise(1), noise(2)
    silence = torch.zeros_like(mid)
    bound = bound_side(Signal(mid, 0.5 * mid, silence), Signal(side, -0.4 * side, silence), RATE)
    assert torch.equal(bound.dialogue, -0.4 * side)


def test_what_is_given_back_is_shared_as_the_rest_is() -> None:
    mid, side = noise(1), noise(2)
    estimate = Signal(side, 0.6 * side, 0.3 * side)
    bound = bound_side(Signal(mid, 0.2 * mid, torch.zeros_like(mid)), estimate, RATE)
    # Three quarters of what was not dialogue were music: 0.3 of 0.4.
    assert (bound.dialogue - 0.2 * side).abs().max() < 1e-5
    assert (bound.music - (0.3 + 0.75 * 0.4) * side).abs().max() < 1e-5


def test_the_bound_holds_where_the_middle_has_dialogue_and_only_there() -> None:
    """A voice at 1 kHz in the middle, wide music at 6 kHz: the music's side is left alone, the voice's is taken."""
    time = torch.arange(48_000)[None] / RATE
    voice, music = (0.1 * torch.sin(2 * math.pi * f * time) for f in (1_000, 6_000))
    mid, side = Signal(voice + music, voice, music), Signal(voice + music, voice + music, torch.zeros_like(music))
    inside = slice(4_800, -4_800)
    bound = bound_side(mid, side, RATE)
    assert (bound.dialogue - voice)[:, inside].abs().max() < 1e-3


def test_a_side_without_a_middle_is_not_bounded() -> None:
    silence, side = torch.zeros(1, 9_000), noise(2, 9_000)
    bound = bound_side(Signal(silence, silence, silence), Signal(side, 0.7 * side, 0.1 * side), RATE)
    assert torch.equal(bound.dialogue, 0.7 * side) and torch.equal(bound.music, 0.1 * side)
