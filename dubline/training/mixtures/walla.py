"""Walla: a crowd of talkers nobody can make out, part of the dialogue because a dub replaces it with its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.augment import Color, fade, random_room, recolor
from dubline.training.mixtures.levels import rms

TALKERS = (8, 20)
# Talkers of a crowd stand some way off: each with its own duller sound, all in one room.
_COLOR = Color(speed=(0.92, 1.08), low_pass=1.0, low_pass_hz=(2_500.0, 8_000.0), high_pass=0.5)
_SPREAD_DB = 4.0


def walla_bed(
    rng: np.random.Generator, voices: Sequence[Samples], frames: int, *, talkers: int | None = None
) -> Samples:
    """A bed ``(frames,)`` of ``talkers`` (8 to 20 by chance) overlapping voices in one room, at an RMS of 0.05.

    ``voices`` are utterances ``(n,)`` at 48 kHz, a few or many; every talker is one of them said over and over from a
    random place on, recolored, with the pauses speakers make. Its level against the rest is the caller's to set.
    """
    number = int(rng.integers(TALKERS[0], TALKERS[1] + 1)) if talkers is None else talkers
    bed = np.zeros(frames, np.float32)
    for _ in range(number):
        voice = recolor(rng, voices[int(rng.integers(len(voices)))], _COLOR)
        gain = np.float32(10 ** (rng.normal(0.0, _SPREAD_DB) / 20) / max(rms(voice), 1e-9))
        bed += gain * _talk(rng, fade(voice), frames)
    wet = _in_room(bed, random_room(rng))
    level = rms(wet)
    return wet * np.float32(0.05 / level) if level > 0 else wet


def _talk(rng: np.random.Generator, voice: Samples, frames: int) -> Samples:
    """One talker: ``voice`` repeated with pauses, entered at a random place."""
    lengths = []
    total = int(rng.integers(len(voice) + 1))
    first = total
    while total < frames + first:
        pause = int(rng.uniform(0.2, 1.5) * RATE)
        lengths.append(pause)
        total += len(voice) + pause
    turns = [voice] + [part for pause in lengths for part in (np.zeros(pause, np.float32), voice)]
    return np.concatenate(turns)[first : first + frames]


def _in_room(samples: Samples, impulse: Samples) -> Samples:
    size = scipy.fft.next_fast_len(len(samples) + len(impulse), real=True)
    spectrum = scipy.fft.rfft(samples, size) * scipy.fft.rfft(impulse, size)
    wet: Samples = scipy.fft.irfft(spectrum, size)[: len(samples)].astype(np.float32)
    return wet
