"""Short gaps by linear prediction of both sides."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.repair.rebuild.autoregression import interpolate
from dubline.repair.rebuild.gap import Gap

RATE = 48_000


@pytest.mark.parametrize("length", [1, 48, 960, 2_400])
def test_tones_are_interpolated_to_the_sample(length: int) -> None:
    at = np.arange(RATE) * 2 * np.pi / RATE
    chord = np.stack([np.sin(440 * at) + 0.5 * np.sin(1_234 * at), np.sin(441 * at + 1.0)], axis=1)
    chord = (0.2 * chord).astype(np.float32)
    start = RATE // 2
    made = interpolate(Gap(chord[:start], chord[start + length :], length, RATE))
    assert np.abs(made - chord[start : start + length]).max() < 0.005


def test_noise_does_not_die_away_in_the_middle_and_keeps_its_place() -> None:
    one, other = 0.1 * np.random.default_rng(0).standard_normal((2, RATE))
    hiss = np.stack([one, 0.8 * one + 0.6 * other], axis=1).astype(np.float32)
    start, length = RATE // 2, 2_400
    made = interpolate(Gap(hiss[:start], hiss[start + length :], length, RATE))
    assert made[1_000:1_400].std() == pytest.approx(0.1, rel=0.15)
    common = float(np.mean(made[:, 0] * made[:, 1]) / (made[:, 0].std() * made[:, 1].std()))
    assert common == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("side", ["before", "after"])
def test_with_one_side_only_a_tone_goes_on_from_there(side: str) -> None:
    tone = 0.2 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE).astype(np.float32)[:, None]
    start, length = RATE // 2, 480
    nothing = tone[:0]
    gap = Gap(tone[:start], nothing, length, RATE) if side == "before" else Gap(nothing, tone[start:], length, RATE)
    made = interpolate(gap)
    truth = tone[start : start + length] if side == "before" else tone[start - length : start]
    assert np.abs(made - truth).max() < 0.02
