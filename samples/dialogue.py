"""The dialogue stem and the dubs: spoken lines and wordless voices, each in its room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from samples.dsp import Signal, add, gain, room
from samples.script import DUB_START, LINES, RATE
from samples.stems import Stem, place, silence
from samples.voice import sounds

SOURCES = Path(__file__).parent / "sources"

# Room -> reverberation in seconds, its brightness in hertz, and its level against the voice in dB.
ROOMS = {"open": (0.35, 3500.0, -21.0), "wood": (0.75, 5200.0, -14.0)}
# Root mean square of every line under ``sources/``.
STORED_LEVEL_DB = -22.0
# Root mean square of one voice at level 0 dB: brings the film's dialogue to about -25 LUFS in stereo.
VOICE_LEVEL_DB = -25.4
# Dubs come louder than a film's own dialogue sits, peaks near -6 dBTP (a studio's limiter on the dialogue bus).
DUB_LEVEL_DB = -25.6


def dialogue(frames: int) -> Stem:
    """The original dialogue, laughs, sob and breaths included: ``(frames, 6)``, voices in the center."""
    stem = silence(frames)
    for number, name in enumerate(ROOMS):
        dry = np.zeros(frames)
        for line in LINES:
            if line.room == name:
                _add_voice(dry, _spoken(line.source("en")), start=line.start, level_db=line.level_db)
        for sound in sounds():
            if sound.room == name:
                _add_voice(dry, sound.samples * gain(STORED_LEVEL_DB), start=sound.start, level_db=sound.level_db)
        place(stem, dry, FC=1.0)
        for seed, (tag, factor) in enumerate({"FC": 0.5, "FL": 0.6, "FR": 0.6, "BL": 0.35, "BR": 0.35}.items()):
            place(stem, _answer(dry, name, seed=100 * number + seed), **{tag: factor})
    return stem


def dub(language: str, frames: int) -> Signal:
    """One dub's dialogue, mono ``(frames - start,)``: words only, in the rooms of the picture."""
    track = np.zeros(frames)
    for number, name in enumerate(ROOMS):
        dry = np.zeros(frames)
        for line in LINES:
            if line.room == name:
                level_db = line.level_db + DUB_LEVEL_DB - VOICE_LEVEL_DB
                _add_voice(dry, _spoken(line.source(language)), start=line.start, level_db=level_db)
        track += dry + 0.8 * _answer(dry, name, seed=500 + number)
    return track[round(DUB_START[language] * RATE) :]


def _spoken(source: str) -> Signal:
    samples, rate = soundfile.read(SOURCES / source, dtype="float64")
    resampled: Signal = signal.resample_poly(samples, RATE // rate, 1)
    return resampled


def _add_voice(track: Signal, samples: Signal, *, start: float, level_db: float) -> None:
    add(track, samples * gain(VOICE_LEVEL_DB - STORED_LEVEL_DB + level_db), start=start, rate=RATE)


def _answer(dry: Signal, name: str, *, seed: int) -> Signal:
    seconds, brightness, level_db = ROOMS[name]
    return gain(level_db) * room(dry, seconds=seconds, brightness=brightness, rate=RATE, seed=seed)
