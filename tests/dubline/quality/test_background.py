"""Voice left in an M&E, and sound lost beside it, where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.background import (
    coherence_error,
    energy_change,
    leakage,
    leakage_in_frames,
    level_error,
    log_spectral_distance,
    seam_discontinuity,
)

RATE = 48_000
RNG = np.random.default_rng(4)
TIME = np.arange(2 * RATE) / RATE * 2 * np.pi
VOICE = 0.1 * RNG.standard_normal(2 * RATE)
SILENCE = np.zeros(2 * RATE)
# Someone speaks in the first second only.
FIRST = np.repeat([1.0, 0.0], RATE)


@given(share=st.floats(0.001, 1.0), channels=st.integers(1, 2))
def test_a_share_of_the_voice_left_over_silence_is_that_share(share: float, channels: int) -> None:
    voice = np.tile(VOICE[:RATE, np.newaxis], channels)
    for figure in (leakage_in_frames, leakage):
        assert figure(share * voice, 0 * voice, voice, RATE) == pytest.approx(20 * math.log10(share), abs=1e-6)


def test_what_the_background_itself_holds_is_no_leakage() -> None:
    background = 0.05 * VOICE[::-1]
    assert leakage_in_frames(background + 0.1 * VOICE, background, VOICE, RATE) == pytest.approx(-20.0, abs=1e-6)
    assert leakage_in_frames(background, background, VOICE, RATE) == -math.inf


def test_over_a_bed_of_one_band_the_voice_lies_bare_in_the_others() -> None:
    bed, tone = np.sin(120 * TIME), 0.5 * np.sin(3_000 * TIME)
    me = bed + 0.1 * tone
    assert math.isnan(leakage_in_frames(me, bed, tone, RATE))
    assert leakage(me, bed, tone, RATE) == pytest.approx(-20.0, abs=0.1)
    # Where the bed is as loud in every band, all that is left of a voice is masked.
    assert math.isnan(leakage(1.1 * bed, bed, bed, RATE))


def test_half_the_energy_gone_where_nobody_speaks_is_3_db() -> None:
    bed = 0.1 * np.sin(200 * TIME)
    voice = VOICE * FIRST
    assert energy_change(bed * math.sqrt(0.5), bed, voice, RATE) == pytest.approx(-3.0103, abs=1e-4)
    # What is lost while someone speaks is not counted here.
    assert energy_change(bed * (1 - FIRST), bed, voice, RATE) == pytest.approx(0.0, abs=1e-9)


def test_an_item_without_dialogue_is_free_of_it_throughout() -> None:
    assert energy_change(0.5 * VOICE, VOICE, SILENCE, RATE) == pytest.approx(20 * math.log10(0.5), abs=1e-9)


def test_nothing_is_said_of_too_little_or_of_silence() -> None:
    assert math.isnan(energy_change(VOICE, VOICE, VOICE, RATE))
    assert math.isnan(energy_change(SILENCE, SILENCE, SILENCE, RATE))
    assert math.isnan(leakage_in_frames(SILENCE, SILENCE, SILENCE, RATE))


@given(gain=st.floats(0.1, 10.0))
def test_the_same_sound_louder_is_as_far_as_the_gain_in_every_bin_and_in_level(gain: float) -> None:
    assert log_spectral_distance(gain * VOICE, VOICE, RATE) == pytest.approx(abs(20 * math.log10(gain)), abs=1e-3)
    assert level_error(gain * VOICE, VOICE) == pytest.approx(abs(20 * math.log10(gain)), abs=1e-3)


def test_unrelated_noise_of_one_spectrum_is_7_9_db_apart_and_silence_is_far() -> None:
    """The difference of two log-exponential variables has a deviation of pi / sqrt(3) in natural logarithms."""
    other = 0.1 * np.random.default_rng(9).standard_normal(2 * RATE)
    assert log_spectral_distance(VOICE, other, RATE) == pytest.approx(
        10 / math.log(10) * math.pi / math.sqrt(3), abs=0.2
    )
    assert log_spectral_distance(SILENCE, VOICE, RATE) > 60.0
    assert log_spectral_distance(SILENCE, 1e-6 * VOICE, RATE) < 0.1


def test_coherence_errs_by_what_channels_have_in_common_that_they_had_not() -> None:
    one, other = 0.1 * np.random.default_rng(8).standard_normal((2, 20 * RATE))
    same, apart, turned = (np.stack([one, x], axis=1) for x in (one, other, -one))
    assert coherence_error(same, same, RATE) == pytest.approx(0.0, abs=1e-6)
    assert coherence_error(apart, same, RATE) == pytest.approx(1.0, abs=0.1)
    assert coherence_error(turned, same, RATE) == pytest.approx(2.0, abs=1e-6)
    assert coherence_error(0 * same, same, RATE) == pytest.approx(1.0, abs=1e-6)
    assert math.isnan(coherence_error(one, one, RATE))
    assert math.isnan(coherence_error(same, 0 * same, RATE))


@pytest.mark.parametrize("channels", [1, 2])
def test_a_click_a_break_of_phase_and_a_step_of_level_are_seams_and_a_tone_that_goes_on_is_none(channels: int) -> None:
    tone = np.tile(0.3 * np.sin(440 * TIME)[:, np.newaxis], channels)
    broken, stepped, clicked = tone.copy(), tone.copy(), tone.copy()
    broken[RATE:] *= -1.0
    # Where the tone is at its crest, so that the turn is a jump.
    crest = RATE + round(RATE / 440 / 4)
    stepped[crest:] *= 0.1
    clicked[crest] += 0.3
    assert seam_discontinuity(tone, tone, (RATE, crest), RATE) == 0.0
    for faulty in (stepped, clicked):
        assert seam_discontinuity(faulty, tone, (crest,), RATE) > 5.0
    assert seam_discontinuity(broken, tone, (RATE,), RATE) > 5.0
    # A seam is looked for where it is said to be.
    assert seam_discontinuity(clicked, tone, (RATE // 2,), RATE) == 0.0


def test_a_seam_may_lie_at_the_very_ends() -> None:
    assert seam_discontinuity(VOICE, VOICE, (0, len(VOICE)), RATE) == 0.0
