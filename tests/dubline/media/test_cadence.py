"""Constant frame rate, told from container rounding and from true variable rate."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.media.cadence import cadence

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]
TICKS = [Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 12_800), Fraction(1, 24_000)]


def _times(rate: Fraction, tick: Fraction, count: int) -> np.ndarray:
    return np.array([round(number / rate / tick) for number in range(count)], dtype=np.int64)


@given(rate=st.sampled_from(RATES), tick=st.sampled_from(TICKS), count=st.integers(200, 3000))
def test_rounding_to_any_clock_stays_constant(rate: Fraction, tick: Fraction, count: int) -> None:
    found = cadence(_times(rate, tick, count), tick, [])
    assert found.constant
    assert found.rate == rate
    assert found.jitter == bool((1 / rate / tick).denominator > 1)


@given(rate=st.sampled_from(RATES), tick=st.sampled_from(TICKS), count=st.integers(2, 200))
def test_a_short_film_is_believed(rate: Fraction, tick: Fraction, count: int) -> None:
    found = cadence(_times(rate, tick, count), tick, [rate])
    assert (found.rate, found.constant) == (rate, True)


@given(rate=st.sampled_from(RATES), at=st.integers(10, 290))
def test_one_missing_frame_is_variable(rate: Fraction, at: int) -> None:
    times = np.delete(_times(rate, Fraction(1, 90_000), 300), at)
    assert not cadence(times, Fraction(1, 90_000), [rate]).constant


def test_a_phone_recording_is_variable() -> None:
    steps = np.random.default_rng(1).integers(2700, 3600, 500)
    assert not cadence(np.cumsum(steps), Fraction(1, 90_000), [Fraction(30)]).constant


def test_three_hours_are_exact() -> None:
    tick = Fraction(1, 24_000)
    times = np.arange(260_000, dtype=np.int64) * 1001
    assert cadence(times, tick, []) == cadence(times[:100], tick, [])


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_frames_take_the_declared_rate(count: int) -> None:
    assert cadence(np.zeros(count, dtype=np.int64), Fraction(1, 1000), [None, Fraction(25)]).rate == 25
