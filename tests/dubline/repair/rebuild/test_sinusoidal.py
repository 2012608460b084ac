"""Partials are found with pitch, amplitude and phase, and carried on to where they are met again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.repair.rebuild.gap import Gap
from dubline.repair.rebuild.sinusoidal import carry_on, partials_of

RATE = 48_000


@settings(max_examples=20)
@given(hertz=st.floats(110.0, 8_000.0), phase=st.floats(-3.0, 3.0), loud=st.floats(0.01, 0.5))
def test_a_tone_is_known_by_its_pitch_size_and_phase(hertz: float, phase: float, loud: float) -> None:
    at = np.arange(-RATE // 4, 0) * 2 * np.pi / RATE
    found = partials_of((loud * np.cos(hertz * at + phase))[:, None].astype(np.float32), RATE)
    strongest = int(np.abs(found.amplitude[:, 0]).argmax())
    assert found.pitch[strongest] * RATE / (2 * np.pi) == pytest.approx(hertz, abs=0.05)
    assert found.amplitude[strongest, 0] == pytest.approx(loud * np.exp(1j * phase), rel=0.02)
    assert found.share > 0.99


def test_noise_has_hardly_any_partials() -> None:
    hiss = 0.1 * np.random.default_rng(1).standard_normal((RATE // 2, 2)).astype(np.float32)
    assert partials_of(hiss, RATE).share < 0.2
    assert partials_of(hiss[:100], RATE).share == 0.0
    assert partials_of(np.zeros_like(hiss), RATE).share == 0.0


@pytest.mark.parametrize("glide", [1.0, 1.02])
def test_a_tone_on_both_sides_is_met_in_phase_and_pitch(glide: float) -> None:
    at = np.arange(RATE)[:, None] / RATE
    before, after = (0.3 * np.sin(2 * np.pi * hertz * at).astype(np.float32) for hertz in (440.0, 440.0 * glide))
    gap = Gap(before[: RATE // 2], after[RATE // 2 :], 9_600, RATE)
    made = carry_on(gap, partials_of(gap.before, RATE), partials_of(gap.after[::-1], RATE))
    whole = np.concatenate([gap.before, made, gap.after])[:, 0]
    step = np.abs(np.diff(whole)).max()
    assert step <= 0.3 * 2 * np.pi * 440.0 * glide / RATE * 1.05
    assert np.abs(made[100:-100]).max() == pytest.approx(0.3, rel=0.02)


def test_a_tone_that_does_not_come_back_dies_away() -> None:
    at = np.arange(RATE)[:, None] / RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * at).astype(np.float32)
    gap = Gap(tone, np.zeros_like(tone), RATE, RATE)
    made = carry_on(gap, partials_of(gap.before, RATE), partials_of(gap.after[::-1], RATE))
    assert np.abs(made[:1_000]).max() == pytest.approx(0.3, rel=0.05)
    assert np.abs(made[RATE // 2 :]).max() < 1e-6
