"""Limiting: true peaks below the ceiling, nothing else changed, stems that still sum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.loudness.clip import true_peak_db
from dubline.training.mixtures.limiter import apply_curve, limit, soft_gain_curve

RATE = 48_000


def _bursts(seed: int, frames: int, loudest: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sound = 0.05 * rng.standard_normal(frames)
    for at in rng.integers(0, frames, size=5):
        sound[at : at + 300] *= rng.uniform(1, 20)
    return (sound * loudest / max(np.abs(sound).max(), 1e-9)).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.integers(1, 20_000), st.floats(0.1, 4.0))
def test_true_peaks_end_at_the_ceiling(seed: int, frames: int, loudest: float) -> None:
    sound = _bursts(seed, frames, loudest)
    limited = limit(sound, RATE, ceiling_db=-2.0)
    level = true_peak_db(limited, RATE)
    assert level is not None and level <= -2.0 + 1e-3
    assert limited.shape == sound.shape and np.isfinite(limited).all()


def test_what_is_below_the_ceiling_is_untouched() -> None:
    sound = _bursts(1, RATE, 0.6)
    assert np.array_equal(limit(sound, RATE, ceiling_db=-2.0), sound)
    assert np.array_equal(limit(np.zeros(10, np.float32), RATE, ceiling_db=-2.0), np.zeros(10))


def test_a_tone_between_samples_is_seen() -> None:
    # At a quarter of the rate, 45 degrees off: samples at 0.707, peaks between them at 1.
    sound = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4).astype(np.float32)
    limited = limit(sound, RATE, ceiling_db=-2.0)
    level = true_peak_db(limited, RATE)
    assert level is not None and -2.2 < level <= -2.0 + 1e-3


def test_a_soft_limiter_keeps_sums_and_holds_loud_passages_back() -> None:
    rng = np.random.default_rng(4)
    stems = [(0.3 * rng.standard_normal((RATE, 2)) * rng.uniform(0, 1)).astype(np.float32) for _ in range(3)]
    mix = np.sum(stems, axis=0)
    curve = soft_gain_curve(mix, RATE, threshold_db=-12.0, ratio=4.0, release_seconds=0.1)
    assert curve.shape == (RATE,) and curve.max() <= 1.0
    limited = apply_curve(curve, *stems)
    np.testing.assert_allclose(np.sum(limited, axis=0), mix * curve[:, None], atol=1e-6)
    # 4:1 above the threshold: a peak of 0 dBFS comes out 9 dB lower at least, whatever lies around it.
    step = np.concatenate([np.full(RATE, 0.1), np.ones(RATE), np.full(RATE, 0.1)]).astype(np.float32)
    gain = soft_gain_curve(step, RATE, threshold_db=-12.0, ratio=4.0, release_seconds=0.1)
    assert gain[RATE + 10] == pytest.approx(10 ** (-9 / 20), rel=1e-3)
    assert gain[RATE // 2] == 1.0 and gain[-1] > 0.99
