"""Made singing holds its notes."""

from __future__ import annotations

import numpy as np
import scipy.signal

from dubline.training.mixtures.song import song

RATE = 16_000


def spoken(rng: np.random.Generator) -> np.ndarray:
    """A second of something with formants: noise through three resonances."""
    sound = rng.standard_normal(RATE)
    for center in (600.0, 1_200.0, 2_600.0):
        numerator, denominator = scipy.signal.iirpeak(center, 8.0, fs=RATE)
        sound = sound + 4.0 * scipy.signal.lfilter(numerator, denominator, sound)
    return (0.1 * sound / np.abs(sound).max()).astype(np.float32)


def test_a_song_is_periodic_and_speech_noise_is_not() -> None:
    rng = np.random.default_rng(1)

    def periodicity(samples: np.ndarray) -> float:
        """The highest autocorrelation at the pitches of voices, median over pieces of 40 ms."""
        found = []
        for start in range(0, len(samples) - 640, 640):
            piece = samples[start : start + 640] - samples[start : start + 640].mean()
            lags = np.correlate(piece, piece, "full")[639:]
            found.append(lags[20:200].max() / max(lags[0], 1e-9))
        return float(np.median(found))

    voice = spoken(rng)
    assert np.median([periodicity(song(rng, voice, RATE)) for _ in range(5)]) > periodicity(voice) + 0.2


def test_a_song_is_finite_and_in_range_whatever_the_voice() -> None:
    rng = np.random.default_rng(2)
    for voice in (np.zeros(RATE, np.float32), spoken(rng)[:900], np.ones(RATE, np.float32), spoken(rng)[:10]):
        sung = song(rng, voice, RATE)
        assert np.isfinite(sung).all()
        assert np.abs(sung).max(initial=0.0) <= 1.0


def test_the_same_seed_sings_the_same() -> None:
    voice = spoken(np.random.default_rng(3))
    one, other = (song(np.random.default_rng(7), voice, RATE) for _ in range(2))
    np.testing.assert_array_equal(one, other)
