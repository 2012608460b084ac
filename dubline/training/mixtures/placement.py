"""Where stems stand between two loudspeakers: dialogue mostly in the middle, music and effects across."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.fft

from dubline.training.corpus import RATE, Samples

# How often a scene's dialogue is off the middle, and how far.
OFF_CENTER, FARTHEST = 0.15, 0.6
# The longest delay a decorrelated side has: below what is heard as an echo.
_DIFFUSE_SECONDS = 0.02


class Place(NamedTuple):
    """``pan`` from -1 (left) over 0 to 1 (right); ``width`` from 0 (a point) to 1 (as much side as middle)."""

    pan: float
    width: float


def dialogue_place(rng: np.random.Generator) -> Place:
    """The middle, a point; now and then a talker to one side."""
    if rng.random() < OFF_CENTER:
        return Place(float(rng.uniform(-FARTHEST, FARTHEST)), 0.0)
    return Place(0.0, 0.0)


def background_place(rng: np.random.Generator) -> Place:
    """Anywhere, from a point to wide."""
    return Place(float(np.clip(rng.normal(0.0, 0.4), -1, 1)), float(rng.uniform(0.0, 1.0)))


def place_stereo(rng: np.random.Generator, stem: Samples, place: Place) -> Samples:
    """``stem`` ``(frames,)`` as left and right ``(frames, 2)``, of the same power.

    A sine-cosine pan of the stem, and a side signal of opposite sign left and right: the stem through a random
    all-pass response of 20 ms, so that width colors neither a mono sum nor a channel.
    """
    angle = (place.pan + 1) * np.pi / 4
    middle = stem[:, None] * np.array([np.cos(angle), np.sin(angle)], np.float32)
    if place.width == 0:
        return middle.astype(np.float32)
    side = _diffuse(rng, stem)[:, None] * np.array([1.0, -1.0], np.float32) * np.float32(place.width / np.sqrt(2))
    wide: Samples = ((middle + side) / np.sqrt(1 + place.width**2)).astype(np.float32)
    return wide


def _diffuse(rng: np.random.Generator, stem: Samples) -> Samples:
    """``stem`` with its phases spread: convolved with a random response whose spectrum is flat."""
    length = round(_DIFFUSE_SECONDS * RATE)
    bins = length // 2 + 1
    phases = rng.uniform(-np.pi, np.pi, bins)
    phases[[0, -1]] = 0.0
    response = scipy.fft.irfft(np.exp(1j * phases), length).astype(np.float32)
    size = scipy.fft.next_fast_len(len(stem) + length, real=True)
    spread: Samples = scipy.fft.irfft(scipy.fft.rfft(stem, size) * scipy.fft.rfft(response, size), size)[: len(stem)]
    return spread.astype(np.float32)
