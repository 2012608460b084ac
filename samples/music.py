"""The score of *Glass Harbor*: pads, a plucked figure and a bass over four chords, 75 beats a minute."""

from __future__ import annotations

from functools import cache
from math import ceil

import numpy as np

from samples.dsp import Signal, add, gain, lowpass, noise, ramps, room
from samples.script import LINES, RATE
from samples.stems import Stem, place, silence

BEAT = 0.8
# D minor, B flat, F, C: MIDI notes, bass first.
CHORDS = ((38, 62, 65, 69, 74), (34, 58, 62, 65, 74), (41, 57, 60, 65, 72), (36, 60, 64, 67, 76))
BAR = 4 * BEAT
FIGURE = (1, 3, 2, 4, 3, 2, 4, 2)

# Level of the whole score in dB at moments of the film: it opens, steps back, holds its breath, and rises.
SHAPE = (
    (0.0, -1.0), (2.4, 0.0), (4.0, -6.0), (13.0, -6.0), (14.5, -3.5), (19.0, -5.0), (22.0, -12.0),
    (30.0, -12.0), (33.0, -6.0), (36.0, -8.0), (41.0, -5.0), (44.0, -4.0), (50.0, -3.0), (53.0, -4.0), (57.0, 1.0),
    (58.5, 0.0), (60.0, -60.0),
)  # fmt: skip
# How far the score steps back under a line.
DUCK_DB = -3.0
SCORE_LEVEL_DB = -20.0


def music(frames: int) -> Stem:
    """The music stem: ``(frames, 6)``, wide in front, its room in the back."""
    plucks, bass, pads = _parts(frames)
    level = _level(frames)
    stem = silence(frames)
    left, right = plucks
    shared = (bass + 0.15 * (left + right)) * level
    place(stem, shared, FL=0.7, FR=0.7, LFE=0.12)
    for tag, part, back, seed in (("FL", left, "BL", 1), ("FR", right, "BR", 2)):
        dry = (part + pads[seed - 1]) * level
        wet = 0.35 * room(dry, seconds=1.8, brightness=4500.0, rate=RATE, seed=700 + seed)
        place(stem, dry + wet, **{tag: 1.0})
        place(stem, 0.8 * wet + 0.2 * dry, **{back: 1.0})
    return stem


def _parts(total: int) -> tuple[tuple[Signal, Signal], Signal, tuple[Signal, Signal]]:
    plucks = (np.zeros(total), np.zeros(total))
    bass = np.zeros(total)
    pads = (np.zeros(total), np.zeros(total))
    for bar in range(ceil(total / (BAR * RATE))):
        chord = CHORDS[bar % len(CHORDS)]
        at = bar * BAR
        add(bass, _pluck(chord[0], seconds=3.0), start=at, rate=RATE)
        for side, pad in enumerate(pads):
            for note in chord[1:4]:
                add(pad, 0.32 * _pad(note, side=side), start=at - 0.4 if bar else 0.0, rate=RATE)
        for step, degree in enumerate(FIGURE):
            note = chord[degree] + (12 if step % 4 == 3 else 0)
            pluck = _pluck(note, seconds=1.6)
            toward_right = 0.5 + 0.35 * np.sin(1.7 * step + bar)
            add(plucks[0], 0.55 * (1.0 - toward_right) * pluck, start=at + step * BEAT / 2, rate=RATE)
            add(plucks[1], 0.55 * toward_right * pluck, start=at + step * BEAT / 2, rate=RATE)
    return plucks, bass, pads


def _level(frames: int) -> Signal:
    """Gain per sample: the film's shape, ducked a little under every line, times the score's level."""
    times, levels = zip(*SHAPE, strict=True)
    at = np.arange(frames) / RATE
    curve = np.interp(at, times, levels)
    for line in LINES:
        inside = np.interp(at, (line.start - 0.4, line.start, line.start + 2.4, line.start + 3.2), (0.0, 1.0, 1.0, 0.0))
        curve += DUCK_DB * inside
    factor: Signal = 10.0 ** ((curve + SCORE_LEVEL_DB) / 20.0)
    return factor


def _hertz(note: int) -> float:
    return float(440.0 * 2.0 ** ((note - 69) / 12.0))


@cache
def _pluck(note: int, *, seconds: float) -> Signal:
    """A struck string: partials that die faster the higher they are, and a touch of finger."""
    at = np.arange(int(seconds * RATE)) / RATE
    hertz = _hertz(note)
    tone = np.zeros(len(at))
    for partial in range(1, 9):
        stretched = hertz * partial * np.sqrt(1.0 + 0.0004 * partial * partial)
        if stretched < 12_000.0:
            tone += partial**-1.3 * np.exp(-at * (1.6 + 0.9 * partial)) * np.sin(2.0 * np.pi * stretched * at)
    finger = lowpass(noise(len(at), note), 3000.0, RATE) * np.exp(-at * 180.0)
    return (tone + gain(-16.0) * finger) * ramps(len(at), rise=0.003, fall=0.3, rate=RATE)


@cache
def _pad(note: int, *, side: int) -> Signal:
    """A slow bowed tone: three detuned voices, five partials each."""
    frames = int((BAR + 0.9) * RATE)
    at = np.arange(frames) / RATE
    tone = np.zeros(frames)
    for voice, cents in enumerate((-6.0, 1.5, 7.0)):
        hertz = _hertz(note) * 2.0 ** ((cents * (1.0 if side else -1.0)) / 1200.0)
        for partial in range(1, 6):
            tone += partial**-1.6 * np.sin(2.0 * np.pi * hertz * partial * at + voice + 2.1 * side + partial)
    return tone / 3.0 * ramps(frames, rise=0.8, fall=0.9, rate=RATE) * (1.0 + 0.08 * np.sin(2.0 * np.pi * 4.7 * at))
