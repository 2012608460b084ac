"""Rebuilding a gap: length, levels, coherence and seams, whatever is around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dubline.quality.background import coherence_error, level_error, log_spectral_distance, seam_discontinuity
from dubline.repair.rebuild import Gap, rebuild
from dubline.repair.rebuild.seams import SEAM_SECONDS

Samples = npt.NDArray[np.float32]

RATE = 16_000


def noise(frames: int, channels: int = 1, *, seed: int = 0) -> Samples:
    return (0.1 * np.random.default_rng(seed).standard_normal((frames, channels))).astype(np.float32)


def gap_in(sound: Samples, start: int, length: int) -> Gap:
    return Gap(sound[:start], sound[start + length :], length, RATE)


@settings(max_examples=25)
@given(
    before=st.sampled_from([0, 1, 100, 3_000, 20_000]),
    after=st.sampled_from([0, 1, 100, 3_000, 20_000]),
    length=st.sampled_from([0, 1, 7, 799, 800, 3_000]),
    channels=st.integers(1, 3),
    rate=st.sampled_from([8_000, 16_000, 48_000]),
)
@example(before=0, after=0, length=800, channels=2, rate=RATE)
def test_any_gap_is_filled_to_its_length_with_finite_sound(
    before: int, after: int, length: int, channels: int, rate: int
) -> None:
    samples = rebuild(Gap(noise(before, channels), noise(after, channels, seed=1), length, rate)).samples
    assert samples.shape == (length, channels)
    assert samples.dtype == np.float32
    assert np.isfinite(samples).all()
    assert np.abs(samples).max(initial=0.0) < 1.0


def test_silence_stays_silent_and_so_does_a_silent_channel() -> None:
    quiet = np.zeros((RATE, 2), np.float32)
    silent = rebuild(Gap(quiet, quiet, 4_000, RATE))
    assert silent.method == "silence"
    assert not silent.samples.any()
    half = noise(3 * RATE, 2) * np.array([1.0, 0.0], np.float32)
    rebuilt = rebuild(gap_in(half, RATE, 4_000)).samples
    assert rebuilt[:, 0].std() == pytest.approx(0.1, rel=0.2)
    assert not rebuilt[:, 1].any()


def test_the_same_gap_is_always_rebuilt_alike() -> None:
    gap = gap_in(noise(3 * RATE, 2), RATE, 5_000)
    assert np.array_equal(rebuild(gap).samples, rebuild(gap).samples)


def test_only_the_nearest_eight_seconds_count() -> None:
    near, far = noise(8 * RATE), 5 * noise(RATE, seed=1)
    after = noise(RATE, seed=2)
    assert np.array_equal(
        rebuild(Gap(near, after, 8_000, RATE)).samples,
        rebuild(Gap(np.concatenate([far, near]), after, 8_000, RATE)).samples,
    )


def test_nothing_that_is_not_around_comes_in() -> None:
    """What removal left inside the gap may be voice: a steady one has no way into the rebuilt background."""
    gap = gap_in(noise(4 * RATE), 2 * RATE, 8_000)
    voice = np.sin(np.arange(8_000) * 2 * np.pi * 220 / RATE)[:, None].astype(np.float32)
    known = Gap(gap.before, gap.after, gap.length, RATE, heard=voice, under=voice)
    assert np.array_equal(rebuild(gap).samples, rebuild(known).samples)


def test_steady_ambience_is_nearer_to_the_truth_than_what_is_usually_put_there() -> None:
    """Two sources in a room: colored noise with coherence, against white noise of the level and against silence."""
    rng = np.random.default_rng(3)
    brown = np.stack([np.convolve(rng.standard_normal(6 * RATE), 0.9 ** np.arange(60), "same") for _ in range(2)])
    truth = (0.03 * brown.T @ np.array([[1.0, 0.5], [0.5, 1.0]])).astype(np.float32)
    start, length = 3 * RATE, RATE
    inside = slice(start, start + length)
    ours = rebuild(gap_in(truth, start, length)).samples
    white = (truth.std() * rng.standard_normal((length, 2))).astype(np.float32)
    assert log_spectral_distance(ours, truth[inside], RATE) < 7.5 < log_spectral_distance(white, truth[inside], RATE)
    assert level_error(ours, truth[inside]) < 1.0
    assert coherence_error(ours, truth[inside], RATE) < 0.15 < coherence_error(white, truth[inside], RATE)
    seams = (start, start + length)
    filled, muted, noisy = truth.copy(), truth.copy(), truth.copy()
    filled[inside], muted[inside], noisy[inside] = ours, 0.0, white
    ours_at, muted_at, noisy_at = (seam_discontinuity(one, truth, seams, RATE) for one in (filled, muted, noisy))
    assert ours_at < 2.0 < noisy_at < muted_at


@pytest.mark.parametrize(
    ("milliseconds", "method"),
    [(20, "autoregression"), (400, "sinusoidal")],
)
def test_a_held_tone_goes_on_in_phase(milliseconds: int, method: str) -> None:
    at = np.arange(RATE) / RATE * 2 * np.pi
    tone = np.stack([0.3 * np.sin(441 * at), 0.2 * np.sin(441 * at + 1.0)], axis=1).astype(np.float32)
    start, length = RATE // 4, milliseconds * RATE // 1000
    # With less than a margin before it nothing can be matched.
    rebuilt = rebuild(gap_in(tone[RATE // 8 :], start - RATE // 8, length))
    assert rebuilt.method == method
    assert np.abs(rebuilt.samples - tone[start : start + length]).max() < 0.02


def test_music_that_repeats_itself_is_taken_from_its_repetition() -> None:
    rng = np.random.default_rng(5)
    bar = np.concatenate(
        [
            np.exp(-np.arange(4_000) / 900)[:, None]
            * np.sin(np.arange(4_000)[:, None] * 2 * np.pi * pitch / RATE + rng.uniform(0, 6, 2))
            for pitch in (220, 277, 330, 440, 294, 392)
        ]
    ).astype(np.float32)
    tune = np.tile(0.3 * bar, (5, 1))
    start, length = 2 * len(bar) + 1_234, 7_000
    rebuilt = rebuild(gap_in(tune, start, length))
    assert rebuilt.method == "matching"
    fade = round(SEAM_SECONDS * RATE)
    assert rebuilt.samples[fade:-fade] == pytest.approx(tune[start : start + length][fade:-fade], abs=1e-3)
