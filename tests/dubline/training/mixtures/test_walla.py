"""A walla bed is many voices at once, steady, of the level and length asked for."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.walla import walla_bed


def syllables(seed: int, seconds: float) -> Samples:
    """A voice-like sound: a gliding tone whose level comes and goes four times a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * k * (rng.uniform(100, 250) * time + 3 * np.sin(time))) / k for k in range(1, 8))
    return (0.1 * tone * np.clip(np.sin(2 * np.pi * 4 * time), 0, 1)).astype(np.float32)


VOICES = [syllables(seed, seconds) for seed, seconds in enumerate((0.3, 0.8, 1.5, 3.0))]


@pytest.mark.parametrize("frames", [1, RATE // 2, 4 * RATE])
def test_length_and_level(frames: int) -> None:
    bed = walla_bed(np.random.default_rng(1), VOICES, frames)
    assert bed.shape == (frames,) and bed.dtype == np.float32 and np.isfinite(bed).all()
    if frames > RATE:
        assert np.sqrt(np.mean(bed**2)) == pytest.approx(0.05, rel=1e-3)


def test_the_same_generator_gives_the_same_bed() -> None:
    one, other = (walla_bed(np.random.default_rng(3), VOICES, RATE) for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one, walla_bed(np.random.default_rng(4), VOICES, RATE))


def test_a_crowd_is_steadier_than_a_talker() -> None:
    def swing(bed: Samples) -> float:
        """Deviation of the level, 100 ms at a time, in dB."""
        power = np.square(bed[: 4 * RATE]).reshape(-1, RATE // 10).mean(axis=1)
        return float(np.std(10 * np.log10(power + 1e-9)))

    one, many = (
        np.mean([swing(walla_bed(np.random.default_rng(seed), VOICES, 4 * RATE, talkers=n)) for seed in range(4)])
        for n in (1, 20)
    )
    assert many < 0.6 * one
