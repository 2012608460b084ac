"""Sounds no recording is needed for: impacts, machines, noise and notes, to widen what the network calls background."""

from __future__ import annotations

import numpy as np

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.augment import Color, response

# Strong coloring: a synthetic noise is all in its spectrum.
_WIDE = Color(tilt_db_per_octave=6.0, peak_db=15.0, low_pass=0.3, high_pass=0.3, high_pass_hz=(40.0, 2_000.0))


def impacts(rng: np.random.Generator, frames: int) -> Samples:
    """Struck bodies: a few damped modes each, as of wood, glass or metal; ``(frames,)``."""
    canvas = np.zeros(frames, np.float32)
    for _ in range(rng.integers(1, 6)):
        start = int(rng.integers(0, max(frames - RATE // 10, 1)))
        length = min(frames - start, int(rng.uniform(0.05, 1.0) * RATE))
        time = np.arange(length, dtype=np.float32) / RATE
        decay = rng.uniform(3.0, 80.0)
        for _ in range(rng.integers(2, 8)):
            frequency = np.float32(np.exp(rng.uniform(np.log(80.0), np.log(9_000.0))))
            damping = np.float32(decay * rng.uniform(0.5, 2.0) * (1 + frequency / 4_000))
            canvas[start : start + length] += np.float32(rng.uniform(0.2, 1.0)) * (
                np.sin(2 * np.pi * frequency * time) * np.exp(-damping * time)
            ).astype(np.float32)
    return canvas


def noise(rng: np.random.Generator, frames: int) -> Samples:
    """Wind, rain, surf, hiss: colored noise with a slowly moving level; ``(frames,)``."""
    spectrum = np.fft.rfft(rng.standard_normal(frames).astype(np.float32))
    spectrum *= response(rng, _WIDE, len(spectrum))
    points = rng.uniform(0.05, 1.0, size=rng.integers(2, 12)) ** rng.uniform(0.3, 2.0)
    level = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, len(points)), points)
    shaped: Samples = (np.fft.irfft(spectrum, frames) * level).astype(np.float32)
    return shaped


def machine(rng: np.random.Generator, frames: int) -> Samples:
    """Motors, hums, sirens: harmonics of a steady or gliding tone, unlike a voice without syllables; ``(frames,)``."""
    start = np.exp(rng.uniform(np.log(40.0), np.log(900.0)))
    glide = np.interp(np.linspace(0, 1, frames), np.linspace(0, 1, 3), start * rng.uniform(0.85, 1.15, size=3))
    phase = (2 * np.pi * np.cumsum(glide) / RATE).astype(np.float64)
    tilt = rng.uniform(0.3, 1.8)
    count = int(min(24, 8_000 / start))
    tone = np.zeros(frames, np.float32)
    for harmonic in range(1, max(count, 1) + 1):
        tone += np.float32(rng.uniform(0.2, 1.0) / harmonic**tilt) * np.sin(harmonic * phase).astype(np.float32)
    flutter = 1 + rng.uniform(0.0, 0.8) * np.sin(2 * np.pi * rng.uniform(2.0, 40.0) * np.arange(frames) / RATE)
    whirring: Samples = (tone * flutter).astype(np.float32)
    return whirring


def notes(rng: np.random.Generator, frames: int) -> Samples:
    """Plucked or held notes of a scale, one to four at a time: music-like, never the same; ``(frames,)``."""
    canvas = np.zeros(frames, np.float32)
    base = rng.uniform(36, 60)
    scale = np.asarray((0, 2, 4, 5, 7, 9, 11) if rng.random() < 0.5 else (0, 2, 3, 5, 7, 8, 10))
    beat = rng.uniform(0.12, 0.6)
    tilt, decay, detune = rng.uniform(0.5, 2.0), rng.uniform(0.3, 8.0), rng.uniform(0.0, 0.004)
    time = np.arange(int(min(4 * beat, 1.5) * RATE), dtype=np.float32) / RATE
    envelope = np.minimum(time / rng.uniform(0.003, 0.08), 1.0) * np.exp(-decay * time)
    for start in range(0, frames, int(beat * RATE)):
        length = min(len(time), frames - start)
        for _ in range(rng.integers(0, 4)):
            pitch = base + 12 * rng.integers(0, 4) + rng.choice(scale)
            frequency = 440.0 * 2 ** ((pitch - 69) / 12) * (1 + rng.normal(0.0, 1.0) * detune)
            for harmonic in range(1, int(min(8, 12_000 / frequency)) + 1):
                partial = np.sin(2 * np.pi * harmonic * frequency * time[:length])
                canvas[start : start + length] += (partial * envelope[:length] / harmonic**tilt).astype(np.float32)
    return canvas


def bowed(rng: np.random.Generator, frames: int) -> Samples:
    """Strings, flutes, horns: held notes with vibrato and a body's fixed resonances, but no vowels; ``(frames,)``.

    What tells them from a singer is that their spectral envelope stays while the notes go (Fletcher and Rossing, 1998).
    """
    canvas = np.zeros(frames, np.float32)
    body = response(rng, Color(tilt_db_per_octave=4.0, peak_db=12.0), 2048)
    partials, tilt = int(rng.integers(1, 24)), rng.uniform(0.5, 2.0)
    vibrato, deep, slow = rng.uniform(4.0, 7.5), rng.uniform(0.0, 0.025), rng.uniform(0.02, 0.2)
    breath = rng.uniform(0.0, 0.1) if rng.random() < 0.5 else 0.0
    for _ in range(int(rng.choice((1, 2, 3), p=(0.6, 0.25, 0.15)))):
        base, at = np.exp(rng.uniform(np.log(90.0), np.log(900.0))), 0
        while at < frames:
            length = min(int(rng.uniform(0.15, 2.0) * RATE), frames - at)
            time = np.arange(length) / RATE
            pitch = base * 2.0 ** (int(rng.integers(-7, 8)) / 12)
            phase = np.cumsum(pitch * (1 + deep * np.sin(2 * np.pi * vibrato * time))) / RATE
            note = breath * rng.standard_normal(length)
            for partial in range(1, min(partials, int(12_000 / pitch)) + 1):
                gain = body[int(partial * pitch / (RATE / 2) * len(body))] / partial**tilt
                note += gain * np.sin(2 * np.pi * partial * phase)
            envelope = np.minimum(np.minimum(time / slow, 1.0), (length / RATE - time) / 0.04)
            canvas[at : at + length] += (note * np.clip(envelope, 0.0, 1.0) * rng.uniform(0.4, 1.0)).astype(np.float32)
            at += length + (int(rng.uniform(0.0, 0.6) * RATE) if rng.random() < 0.3 else 0)
    return canvas
