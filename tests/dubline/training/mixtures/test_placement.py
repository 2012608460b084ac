"""Stereo places: power kept, sums kept, the middle exact, width without color."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.training.corpus import RATE
from dubline.training.mixtures.placement import Place, background_place, dialogue_place, place_stereo

STEM = (0.1 * np.random.default_rng(1).standard_normal(RATE)).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(st.floats(-1, 1), st.floats(0, 1), st.integers(0, 99))
def test_power_is_kept(pan: float, width: float, seed: int) -> None:
    pair = place_stereo(np.random.default_rng(seed), STEM, Place(pan, width))
    assert pair.shape == (RATE, 2) and pair.dtype == np.float32
    assert np.sum(pair**2) == pytest.approx(np.sum(STEM**2), rel=0.1)


def test_the_middle_is_the_same_left_and_right_and_the_ends_are_one_channel() -> None:
    rng = np.random.default_rng(0)
    pair = place_stereo(rng, STEM, Place(0.0, 0.0))
    np.testing.assert_allclose(pair[:, 0], STEM / np.sqrt(2), rtol=1e-6)
    assert np.array_equal(pair[:, 0], pair[:, 1])
    left = place_stereo(rng, STEM, Place(-1.0, 0.0))
    np.testing.assert_allclose(left[:, 0], STEM, rtol=1e-6)
    assert np.abs(left[:, 1]).max() < 1e-8


def test_a_mono_sum_of_a_wide_stem_is_the_stem() -> None:
    pair = place_stereo(np.random.default_rng(2), STEM, Place(0.0, 1.0))
    total = pair.sum(axis=1)
    np.testing.assert_allclose(total, STEM * (total @ STEM) / (STEM @ STEM), atol=1e-5)
    difference = pair[:, 0] - pair[:, 1]
    assert abs(np.corrcoef(total, difference)[0, 1]) < 0.1
    assert np.sum(difference**2) == pytest.approx(np.sum(total**2), rel=0.1)


def test_each_side_of_a_wide_stem_keeps_its_spectrum() -> None:
    pair = place_stereo(np.random.default_rng(2), STEM, Place(0.0, 0.8))
    bands = [(np.abs(np.fft.rfft(signal)) ** 2).reshape(-1)[:24_000].reshape(12, -1).sum(axis=1) for signal in pair.T]
    dry = (np.abs(np.fft.rfft(STEM)) ** 2)[:24_000].reshape(12, -1).sum(axis=1)
    for band in bands:
        assert np.abs(10 * np.log10(2 * band / dry)).max() < 1.5


def test_dialogue_is_mostly_in_the_middle() -> None:
    rng = np.random.default_rng(1)
    places = [dialogue_place(rng) for _ in range(1_000)]
    assert np.mean([place == Place(0.0, 0.0) for place in places]) == pytest.approx(0.85, abs=0.04)
    assert all(place.width == 0 and abs(place.pan) <= 0.6 for place in places)
    assert all(abs(place.pan) <= 1 and 0 <= place.width <= 1 for place in (background_place(rng) for _ in range(300)))
