"""Instruments alone, played by a synthesizer: what is most like a voice and is none (flutes, strings, reeds, horns)."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dubline.errors import EnvironmentFault

SOUND_FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE = 24_000
_TICKS = 480  # a quarter note, half a second
_LENGTH = 18 * _TICKS
# General MIDI programs with a human sound in them: choirs, voices, breath, applause; a telephone and a helicopter too.
_HUMAN = frozenset({52, 53, 54, 85, 91, 121, 124, 125, 126})
# Bowed strings, brass, reeds and pipes are played three times over.
_VOICE_LIKE = frozenset({*range(40, 44), *range(56, 80)})

Event = tuple[int, bytes]


def solos(out: Path, *, seed: int = 5) -> Iterator[dict[str, str]]:
    """Play every program that is no voice into ``out``; rows of a manifest. Needs fluidsynth and its GM sound font."""
    if shutil.which("fluidsynth") is None or not SOUND_FONT.is_file():
        mend = "install fluidsynth and fluid-soundfont-gm"
        raise EnvironmentFault("fluidsynth or its sounds are missing", str(SOUND_FONT), mend)
    folder = out / "music" / "fluid"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for program in sorted(set(range(128)) - _HUMAN):
        for take in "abc" if program in _VOICE_LIKE else "a":
            score, sound = folder / "score.mid", folder / f"p{program:03d}_{take}.wav"
            score.write_bytes(midi(melody(rng, program)))
            command = ["fluidsynth", "-ni", "-q", "-F", str(sound), "-r", str(RATE), "-g", "0.6"]
            subprocess.run([*command, str(SOUND_FONT), str(score)], check=True, capture_output=True)
            score.unlink()
            yield {
                "kind": "music",
                "path": str(sound.relative_to(out)),
                "source_repo": "debian/fluid-soundfont-gm",
                "source_path": f"program {program}",
                "license": "MIT",
                "label": "solo",
            }


def melody(rng: np.random.Generator, program: int) -> list[Event]:
    """Nine seconds of one voice, legato and with bends and vibrato as singers have them: ticks and MIDI messages."""
    lowest = 48 if rng.random() < 0.4 else 60
    pitch, at = lowest + int(rng.integers(0, 12)), 0
    events: list[Event] = [(0, bytes([0xC0, program]))]
    while at < _LENGTH:
        length = int(rng.choice([120, 240, 480, 960, 1500]))
        pitch = int(np.clip(pitch + rng.integers(-5, 6), lowest - 6, lowest + 26))
        events.append((at, bytes([0xB0, 1, int(rng.choice([0, 0, 40, 90, 127]))])))
        chord = [pitch, pitch + 4, pitch + 7] if rng.random() < 0.12 else [pitch]
        loud = int(rng.integers(50, 120))
        for note in chord:
            events.append((at, bytes([0x90, note, loud])))
            events.append((at + length + int(rng.integers(-30, 60)), bytes([0x80, note, 0])))
        if rng.random() < 0.3:
            events += _bend(rng, at, length)
        at += length + (int(rng.integers(0, 300)) if rng.random() < 0.3 else 0)
    return sorted(events, key=lambda event: event[0])


def _bend(rng: np.random.Generator, at: int, length: int) -> list[Event]:
    """Away from the pitch and back."""
    curve = 8192 + 4000 * np.sin(np.linspace(0.0, np.pi, 8)) * rng.choice([-1, 1])
    bent = [(at + length * k // 8, bytes([0xE0, int(b) & 127, int(b) >> 7])) for k, b in enumerate(curve)]
    return [*bent, (at + length, bytes([0xE0, 0, 64]))]


def midi(events: list[Event]) -> bytes:
    """A standard MIDI file of one track (format 0)."""
    track, last = b"", 0
    for at, message in events:
        track += variable(max(at - last, 0)) + message
        last = max(at, last)
    track += variable(_TICKS) + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, _TICKS) + b"MTrk" + struct.pack(">I", len(track)) + track


def variable(number: int) -> bytes:
    """A number as MIDI's variable-length quantity."""
    out = [number & 127]
    while number := number >> 7:
        out.append((number & 127) | 128)
    return bytes(reversed(out))
