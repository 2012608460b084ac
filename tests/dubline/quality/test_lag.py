"""A lag put in is the lag that is found, to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.quality.lag import Lag, LagMeter, fingerprint

RATE = 48_000


def programme(seconds: float = 6.0, *, channels: int = 2, seed: int = 1) -> np.ndarray:
    """Something like a mix: noise with a falling spectrum under a loudness that moves, ``(frames, channels)``."""
    random = np.random.default_rng(seed)
    frames = int(seconds * RATE)
    white = random.standard_normal((frames, channels))
    spectrum = np.fft.rfft(white, axis=0)
    spectrum /= np.maximum(np.arange(len(spectrum)), 200)[:, np.newaxis] ** 0.7
    sound = np.fft.irfft(spectrum, frames, axis=0)
    shape = np.interp(np.arange(frames), np.linspace(0, frames, 40), random.uniform(0.05, 1.0, 40))
    sound *= shape[:, np.newaxis]
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def shifted(samples: np.ndarray, lag: int) -> np.ndarray:
    """``samples`` late by ``lag``, as long as before."""
    moved = np.zeros_like(samples)
    if lag >= 0:
        moved[lag:] = samples[: len(samples) - lag]
    else:
        moved[:lag] = samples[-lag:]
    return moved


def measured(folder: Path, reference: np.ndarray, track: np.ndarray, *, size: int = 7001) -> Lag:
    path = folder / "mix.wav"
    with WavWriter(path, rate=RATE, layout=Layout.default(reference.shape[1])) as writer:
        writer.write(reference.astype(np.float32))
    meter = LagMeter(fingerprint(path))
    for start in range(0, len(track), size):
        meter.process(track[start : start + size].astype(np.float32))
    return meter.lag()


@settings(max_examples=12, deadline=None)
@given(lag=st.integers(-20_000, 20_000), seed=st.integers(0, 50), size=st.sampled_from([960, 4099, 65_536]))
def test_a_shift_is_found_to_the_sample(
    tmp_path_factory: pytest.TempPathFactory, lag: int, seed: int, size: int
) -> None:
    sound = programme(seed=seed)
    assert measured(tmp_path_factory.mktemp("lag"), sound, shifted(sound, lag), size=size).samples == lag


@pytest.mark.parametrize("lag", [0, 1, -1, 1024, 2112])
def test_coding_noise_and_a_gain_do_not_hide_it(tmp_path: Path, lag: int) -> None:
    sound = programme()
    noise = 0.01 * np.random.default_rng(9).standard_normal(sound.shape)
    assert measured(tmp_path, sound, 0.7 * shifted(sound, lag) + noise).samples == lag


@pytest.mark.parametrize("seconds", [0.05, 0.4, 1.0])
def test_short_films_have_a_lag_too(tmp_path: Path, seconds: float) -> None:
    sound = programme(seconds)
    assert measured(tmp_path, sound, shifted(sound, 37)).samples == 37


def test_a_track_far_off_is_placed_by_its_loudness(tmp_path: Path) -> None:
    sound = programme(40.0, channels=1)
    found = measured(tmp_path, sound, shifted(sound, 5 * RATE))
    assert found.samples == 5 * RATE
    assert "nearest 480 samples" in found.note


def test_drift_shows_as_the_worst_excerpt(tmp_path: Path) -> None:
    sound = programme(10.0)
    half = len(sound) // 2
    track = np.concatenate([sound[:half], shifted(sound, 12)[half:]])
    found = measured(tmp_path, sound, track)
    assert found.samples == 12
    assert found.note == "between 0 and 12 over the film"


def test_silence_has_no_lag(tmp_path: Path) -> None:
    silence = np.zeros((RATE, 2), dtype=np.float32)
    assert measured(tmp_path, silence, silence).samples is None
    assert measured(tmp_path, silence, silence).recognized


def test_a_steady_tone_has_no_lag_that_could_be_told(tmp_path: Path) -> None:
    tone = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE)[:, np.newaxis].astype(np.float32)
    found = measured(tmp_path, tone, tone)
    assert found.samples in (None, 0)
    assert found.recognized


def test_another_film_is_not_recognized(tmp_path: Path) -> None:
    found = measured(tmp_path, programme(seed=1), programme(seed=2))
    assert found.samples is None
    assert not found.recognized


def test_an_empty_track_is_not_recognized(tmp_path: Path) -> None:
    assert not measured(tmp_path, programme(), np.zeros((0, 2))).recognized
