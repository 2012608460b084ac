"""Calls made of spoken fragments: laughs, sobs, shouts and moans that a corpus of read prompts does not hold.

Voiced sound is cut from speech and given the rhythm and the pitch that make listeners hear a call: laughter repeats a
short vowel four to six times a second and falls in pitch (Bachorowski, Smoski and Owren, 2001); sobs are longer, higher
and breathe in between; a shout is loud, high and bright; a moan hardly moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.augment import change_speed, fade

# Drive of the soft clipping that makes a raised voice harsh.
HARSHNESS = (1.0, 6.0)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a call repeats its fragment; lengths in seconds, factors of speed (and so of pitch)."""

    fragment: tuple[float, float]
    period: tuple[float, float]
    repeats: tuple[int, int]
    pitch: tuple[float, float]
    fall: tuple[float, float]


LAUGH = Rhythm(fragment=(0.06, 0.16), period=(0.14, 0.28), repeats=(3, 14), pitch=(1.0, 1.7), fall=(0.6, 1.05))
SOB = Rhythm(fragment=(0.2, 0.6), period=(0.35, 1.1), repeats=(1, 5), pitch=(1.2, 1.9), fall=(0.8, 1.1))
SHOUT = Rhythm(fragment=(0.3, 1.2), period=(0.5, 1.6), repeats=(1, 3), pitch=(1.3, 2.2), fall=(0.9, 1.1))
MOAN = Rhythm(fragment=(0.15, 0.5), period=(0.6, 1.6), repeats=(1, 3), pitch=(0.6, 1.1), fall=(0.7, 1.0))
RHYTHMS = (LAUGH, SOB, SHOUT, MOAN)


def call(rng: np.random.Generator, speech: Samples, rhythm: Rhythm | None = None) -> Samples:
    """One call made of ``speech`` ``(n,)``; as long as its rhythm asks, at least as long as one fragment.

    Without a ``rhythm``, any of them.
    """
    rhythm = rhythm or RHYTHMS[rng.integers(len(RHYTHMS))]
    source = loudest(speech, int(rng.uniform(*rhythm.fragment) * RATE))
    period = int(rng.uniform(*rhythm.period) * RATE)
    repeats = int(rng.integers(*rhythm.repeats, endpoint=True))
    pitches = rng.uniform(*rhythm.pitch) * np.linspace(1.0, rng.uniform(*rhythm.fall), repeats)
    bursts = [change_speed(source, float(p * rng.uniform(0.96, 1.04))) for p in pitches]
    starts = [k * period + int(rng.uniform(0.0, 0.1) * period) for k in range(repeats)]
    canvas = np.zeros(max(s + len(b) for s, b in zip(starts, bursts, strict=True)), np.float32)
    for start, burst in zip(starts, bursts, strict=True):
        canvas[start : start + len(burst)] += np.float32(rng.uniform(0.5, 1.0)) * fade(burst, 0.025)
    return harsh(canvas, rng.uniform(*HARSHNESS)) if rng.random() < 0.5 else canvas


def loudest(samples: Samples, frames: int) -> Samples:
    """The ``frames`` samples of ``(n,)`` with the most power, faded at both ends; all of them where there are fewer."""
    if len(samples) <= frames:
        return fade(samples)
    power = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    start = int(np.argmax(power[frames:] - power[:-frames]))
    return fade(np.ascontiguousarray(samples[start : start + frames]))


def harsh(samples: Samples, drive: float) -> Samples:
    """``(n,)`` through a soft clipper driven ``drive`` times over its peak; its peak stays."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return samples
    clipped: Samples = np.tanh(samples * np.float32(drive / peak)) * np.float32(peak / np.tanh(drive))
    return clipped
