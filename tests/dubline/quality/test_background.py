"""Voice left in an M&E, and sound lost beside it, where the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.background import energy_change, leakage, leakage_in_frames

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
