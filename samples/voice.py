"""Voices without words: laughs, a sob, breaths, sung by pulse trains through formants (Klatt 1980).

They are made here rather than spoken because a speech synthesizer has none of them, and a dub must lose them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samples.dsp import Signal, add, bandpass, drift, highpass, noise, ramps, resonator, rms
from samples.script import RATE

# Center and bandwidth of the first four formants, hertz (Peterson and Barney 1952, open vowel).
FORMANTS = {
    "tom": ((700.0, 90.0), (1150.0, 110.0), (2450.0, 160.0), (3400.0, 220.0)),
    "mara": ((880.0, 100.0), (1400.0, 120.0), (2850.0, 180.0), (4000.0, 260.0)),
}
PITCH = {"tom": 165.0, "mara": 285.0}


@dataclass(frozen=True, slots=True)
class Sound:
    """A wordless voice in the film: who, when, and the samples at unit level."""

    speaker: str
    start: float
    room: str
    samples: Signal
    level_db: float


def laugh(speaker: str, *, bursts: int, seed: int) -> Signal:
    """A run of "ha": each a breathy onset into a falling tone, shorter and softer toward the end."""
    random = np.random.default_rng(seed)
    track = np.zeros(int((0.21 * bursts + 0.5) * RATE))
    at = 0.0
    for number in range(bursts):
        late = number / max(bursts - 1, 1)
        pitch = PITCH[speaker] * (1.45 - 0.4 * late) * random.uniform(0.96, 1.04)
        burst = _voiced(speaker, seconds=0.115, pitch=(pitch, 0.86 * pitch), breath=0.25, seed=seed + number)
        puff = _breath(speaker, seconds=0.10, seed=seed + 50 + number)
        add(track, 0.22 * puff, start=at, rate=RATE)
        add(track, burst * (1.0 - 0.55 * late), start=at + 0.05, rate=RATE)
        at += random.uniform(0.175, 0.215)
    return track / rms(track)


def sob(speaker: str, *, seed: int) -> Signal:
    """A trembling intake in three catches, then one long falling tone."""
    track = np.zeros(int(2.3 * RATE))
    for number in range(3):
        catch = _breath(speaker, seconds=0.14, seed=seed + number)
        add(track, 0.35 * catch, start=0.19 * number, rate=RATE)
    pitch = PITCH[speaker] * 1.25
    cry = _voiced(speaker, seconds=1.15, pitch=(pitch, 0.68 * pitch), breath=0.35, tremor=0.05, seed=seed + 9)
    add(track, cry, start=0.68, rate=RATE)
    add(track, 0.3 * _breath(speaker, seconds=0.4, seed=seed + 11), start=1.86, rate=RATE)
    return track / rms(track)


def breath(speaker: str, *, seed: int) -> Signal:
    """In, and slowly out, without voice."""
    track = np.zeros(int(1.5 * RATE))
    add(track, _breath(speaker, seconds=0.5, seed=seed), start=0.0, rate=RATE)
    add(track, 0.6 * _breath(speaker, seconds=0.8, seed=seed + 1), start=0.65, rate=RATE)
    return track / rms(track)


def sounds() -> tuple[Sound, ...]:
    """Every wordless voice of the film."""
    return (
        Sound("tom", 5.15, "open", laugh("tom", bursts=4, seed=11), -2.0),
        Sound("mara", 14.0, "open", laugh("mara", bursts=3, seed=21), -5.0),
        Sound("tom", 23.3, "wood", breath("tom", seed=31), -13.0),
        Sound("mara", 31.3, "wood", sob("mara", seed=41), -3.0),
        Sound("tom", 50.4, "open", laugh("tom", bursts=7, seed=51), -1.0),
        Sound("mara", 50.9, "open", laugh("mara", bursts=8, seed=61), -1.5),
        Sound("mara", 56.3, "open", breath("mara", seed=71), -12.0),
    )


def _voiced(
    speaker: str, *, seconds: float, pitch: tuple[float, float], breath: float, seed: int, tremor: float = 0.02
) -> Signal:
    """A tone from ``pitch[0]`` to ``pitch[1]`` through the speaker's formants, at about unit level."""
    frames = int(seconds * RATE)
    at = np.arange(frames) / RATE
    hertz = np.geomspace(pitch[0], pitch[1], frames) * (1.0 + tremor * np.sin(2.0 * np.pi * 6.3 * at))
    hertz *= 1.0 + 0.02 * (drift(frames, hertz=30.0, rate=RATE, seed=seed) - 0.5)
    cycles = np.cumsum(hertz) / RATE
    # A glottal pulse per cycle: open for 60 % of it, closing sharply.
    phase = cycles % 1.0
    pulse = np.where(phase < 0.6, np.sin(np.pi * phase / 0.6) * phase, 0.0)
    source = highpass(pulse - pulse.mean(), 60.0, RATE) + breath * 0.2 * noise(frames, seed) * (0.3 + pulse)
    voiced = _throat(source, speaker)
    return voiced / rms(voiced) * ramps(frames, rise=0.02, fall=min(0.06, seconds / 3.0), rate=RATE)


def _breath(speaker: str, *, seconds: float, seed: int) -> Signal:
    frames = int(seconds * RATE)
    air = bandpass(noise(frames, seed), 500.0, 6500.0, RATE)
    shaped = _throat(air, speaker) + 0.4 * air * rms(air)
    return shaped / rms(shaped) * ramps(frames, rise=seconds * 0.45, fall=seconds * 0.5, rate=RATE)


def _throat(source: Signal, speaker: str) -> Signal:
    """Formants in parallel, each 6 dB under the one below: a parallel branch keeps the high ones audible."""
    total = np.zeros(len(source))
    for number, (center, bandwidth) in enumerate(FORMANTS[speaker]):
        sign = 1.0 if number % 2 == 0 else -1.0
        total += sign * 0.5**number * resonator(source, center=center, bandwidth=bandwidth, rate=RATE)
    return total
