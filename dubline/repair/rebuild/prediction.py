"""Linear prediction of sound beside a gap: what it expects to follow, and by how much it errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter, lfiltic

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import Floats

# Sound from which a prediction is learned on either side of the gap, and how far back it looks.
LEARNED_SECONDS = 0.1
REACH_SECONDS = 0.005
# White noise this far under the sound keeps a prediction from growing.
_RIDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Prediction:
    """Per channel the prediction error filter, (channels, 1 + order), first tap 1.

    ``errors`` (channels, channels) mixes independent noise of power one into what the filters' input is: as strong,
    and as alike between channels, as the errors are.
    """

    filters: Floats
    errors: Floats

    @property
    def order(self) -> int:
        """How many samples it looks back."""
        return int(self.filters.shape[1]) - 1


def learn(parts: list[Block], rate: int) -> Prediction:
    """From ``parts`` (n, channels), each a stretch of the same sound, by the autocorrelation method."""
    channels = parts[0].shape[1]
    order = min(round(REACH_SECONDS * rate), max(len(part) for part in parts) // 3)
    filters = np.zeros((channels, order + 1))
    filters[:, 0] = 1.0
    lags = sum((_autocorrelation(part, order) for part in parts), np.zeros((channels, order + 1)))
    for channel, lag in enumerate(lags):
        if order and lag[0] > 0.0:
            lag[0] *= 1.0 + _RIDGE
            filters[channel, 1:] = -solve_toeplitz(lag[:-1], lag[1:])
    # Of the tapered sound, as the filters are: what they were not learned from would seem all error.
    missed = np.concatenate([_errors(_tapered(part), filters) for part in parts])
    covariance = missed.T @ missed / sum(float(np.square(_taper(len(part))).sum()) for part in parts)
    values, vectors = np.linalg.eigh(covariance)
    return Prediction(filters, vectors * np.sqrt(np.maximum(values, 0.0)))


def extrapolate(samples: Block, length: int, rate: int, drawn: np.random.Generator) -> Block:
    """One of the ways in which ``samples`` (n, channels) may go on: (length, channels).

    What is predictable goes on as predicted, driven by errors as large as they were, so that noise does not die away.
    Kauppinen, Roth (2002), "Audio signal extrapolation".
    """
    learned = samples[max(len(samples) - max(round(LEARNED_SECONDS * rate), length), 0) :]
    prediction = learn([learned], rate)
    errors = drawn.standard_normal((length, samples.shape[1])) @ prediction.errors.T
    out = np.zeros((length, samples.shape[1]), dtype=np.float32)
    for channel, taps in enumerate(prediction.filters):
        past = learned[::-1][: prediction.order, channel].astype(np.float64)
        out[:, channel] = lfilter([1.0], taps, errors[:, channel], zi=lfiltic([1.0], taps, past))[0]
    return out


def _autocorrelation(part: Block, order: int) -> Floats:
    """Of every channel, tapered: (channels, 1 + order)."""
    size = 1 << int(len(part) + order).bit_length()
    power = np.square(np.abs(np.fft.rfft(_tapered(part), size, axis=0)))
    lags: Floats = np.fft.irfft(power, size, axis=0)[: order + 1].T
    return lags


def _taper(length: int) -> Floats:
    taper: Floats = np.hanning(length + 2)[1:-1]
    return taper


def _tapered(part: Block) -> Floats:
    tapered: Floats = part.astype(np.float64) * _taper(len(part))[:, None]
    return tapered


def _errors(tapered: Floats, filters: Floats) -> Floats:
    """(n, channels)."""
    return np.stack([lfilter(taps, [1.0], tapered[:, channel]) for channel, taps in enumerate(filters)], axis=1)
