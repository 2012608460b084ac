"""Made backgrounds are what they claim to be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.synthetic import bowed, impacts, machine, noise, notes


@pytest.mark.parametrize("make", [bowed, impacts, machine, noise, notes])
def test_a_made_sound_is_as_long_as_asked_finite_and_the_same_again(
    make: Callable[[np.random.Generator, int], Samples],
) -> None:
    for frames in (1, RATE // 3, 2 * RATE):
        one, other = (make(np.random.default_rng(3), frames) for _ in range(2))
        assert one.shape == (frames,)
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)


def test_a_bowed_note_is_tonal() -> None:
    flatness = []
    for seed in range(6):
        sound = bowed(np.random.default_rng(seed), RATE)
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2 + 1e-12
        flatness.append(np.exp(np.log(power).mean()) / power.mean())
    # White noise has 0.56 (the exponential of minus Euler's constant).
    assert np.median(flatness) < 0.05
