"""Singing made of spoken vowels: the corpus holds a minute of it, and a voice that holds a note is not a flute.

Source and filter (Fant, 1960): the spectral envelope of a spoken vowel, by linear prediction, shapes a train of glottal
pulses that follows a melody with vibrato (5 to 7 Hz, up to half a semitone: Sundberg, 1987).
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.signal

from dubline.training.corpus import Samples
from dubline.training.mixtures.augment import fade

_VOWEL_SECONDS = 0.06
_PITCH_HZ = (90.0, 700.0)
_NOTE_SECONDS = (0.25, 1.5)


def song(rng: np.random.Generator, speech: Samples, rate: int) -> Samples:
    """A few sung notes ``(n,)`` with the vowels of ``speech`` ``(m,)``, both at ``rate``."""
    vowels = _vowels(rng, speech, rate)
    if not vowels:
        return np.zeros(0, np.float32)
    base = float(np.exp(rng.uniform(*np.log(_PITCH_HZ))))
    notes = [_note(rng, vowels, base * 2.0 ** (int(rng.integers(-5, 8)) / 12), rate) for _ in range(rng.integers(2, 7))]
    return np.concatenate(notes)


def _note(rng: np.random.Generator, vowels: list[Samples], pitch: float, rate: int) -> Samples:
    frames = int(rng.uniform(*_NOTE_SECONDS) * rate)
    time = np.arange(frames) / rate
    deep = np.minimum(time / 0.3, 1.0) * rng.uniform(0.0, 0.03)
    phase = np.cumsum(pitch * (1 + deep * np.sin(2 * np.pi * rng.uniform(5.0, 7.0) * time)) / rate) + rng.random()
    # One pulse per period, a sixth of it long, and breath.
    pulses = np.maximum(0.0, 1.0 - 6.0 * (phase % 1.0)) + rng.uniform(0.0, 0.05) * rng.standard_normal(frames)
    shaped = scipy.signal.lfilter([1.0, -0.97], vowels[rng.integers(len(vowels))], pulses)
    sung = (shaped / max(float(np.abs(shaped).max()), 1e-9) * rng.uniform(0.4, 1.0)).astype(np.float32)
    return fade(sung, rng.uniform(0.02, 0.08), rate)


def _vowels(rng: np.random.Generator, speech: Samples, rate: int) -> list[Samples]:
    """Prediction filters of three of the loudest pieces of ``speech``."""
    size, order = int(_VOWEL_SECONDS * rate), 2 + rate // 1000
    count = len(speech) // size
    pieces = speech[: count * size].reshape(count, size)
    loud = np.argsort(np.square(pieces).sum(axis=1))[::-1][: max(count // 5, 1)]
    chosen = pieces[rng.choice(loud, size=min(3, len(loud)), replace=False)] if count else pieces
    return [_prediction(piece, order) for piece in chosen if np.any(piece)]


def _prediction(piece: Samples, order: int) -> Samples:
    windowed = scipy.signal.lfilter([1.0, -0.97], [1.0], piece) * np.hanning(len(piece))
    lags = np.correlate(windowed, windowed, "full")[len(piece) - 1 :][: order + 1]
    lags[0] *= 1.001  # a pole stays inside the unit circle
    coefficients = scipy.linalg.solve_toeplitz(lags[:-1], -lags[1:])
    filtered: Samples = np.concatenate(([1.0], coefficients)).astype(np.float64)
    return filtered
