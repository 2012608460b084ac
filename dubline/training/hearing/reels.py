"""Reels to measure detection on: unheard backgrounds with unheard voices at known times and levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dubline.separation.network import Network
from dubline.training.corpus import Corpus, Samples
from dubline.training.hearing.material import Material, Take
from dubline.training.hearing.scenes import SAMPLES
from dubline.training.hearing.separated import mixers_of, separated_scene
from dubline.training.mixtures.augment import fade
from dubline.training.mixtures.levels import rms
from dubline.vocalization.events import LABELS, Event, Label
from dubline.vocalization.hysteresis import join, stretches
from dubline.vocalization.silero import FRAME
from dubline.vocalization.silero import RATE as HEARD_RATE

SECONDS = 60.0
# Over the background of the moment, dB: the two bands that recall is asked for, and louder.
LEVELS_DB = (-12.0, -9.0, -6.0, -3.0, 0.0, 6.0)
_FRAME_SECONDS = FRAME / HEARD_RATE
_CHANNELS = ("FC",)
# A sound with shorter pauses is one event; a shorter sound is none.
_PAUSE_SECONDS, _SHORTEST_SECONDS = 0.4, 0.12
_BETWEEN_SECONDS = (1.5, 3.5)
_LONGEST_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Reel:
    """``me`` and ``stem`` (n,) at 16 kHz, and the voices in ``me``, their level over the background."""

    me: Samples
    stem: Samples | None
    true: tuple[Event, ...]


def voiced_reel(rng: np.random.Generator, material: Material, first: int) -> Reel:
    """A minute of background with a voice every few seconds; labels take turns from number ``first`` on."""
    background = _background(rng, material)
    me, stem = background.copy(), np.zeros_like(background)
    true: list[Event] = []
    labels = [label for label in LABELS if material.voices.get(label)]
    at, number = int(2 * HEARD_RATE / FRAME), first
    while at * FRAME < len(me) - 5 * HEARD_RATE:
        label = labels[number % len(labels)]
        take = material.voices[label][int(rng.integers(len(material.voices[label])))]
        level = float(LEVELS_DB[int(rng.integers(len(LEVELS_DB)))])
        voice, active = _excerpt(rng, take)
        span = slice(at * FRAME, at * FRAME + len(voice))
        under = np.repeat(active, FRAME)
        gain = _gain(voice[under], background[span][under], level)
        me[span] += voice * gain
        if rng.random() < 0.6:  # the separator took most of it
            stem[span] += voice * gain * np.float32(10.0 ** (rng.uniform(6.0, 26.0) / 20.0))
        true += _events(label, active, at, level)
        at += len(active) + int(rng.uniform(*_BETWEEN_SECONDS) / _FRAME_SECONDS)
        number += 1
    return Reel(me, stem if rng.random() < 0.7 else None, tuple(true))


def voiceless_reel(rng: np.random.Generator, material: Material) -> Reel:
    """A minute of music and effects; half of them beside a dialogue stem that left nothing behind."""
    me = _background(rng, material)
    if rng.random() < 0.5:
        return Reel(me, None, ())
    stem = np.zeros_like(me)
    for at in range(0, len(me) - SAMPLES, SAMPLES):
        speech = material.voices["speech"]
        voice, _ = _excerpt(rng, speech[int(rng.integers(len(speech)))])
        stem[at : at + len(voice)] = voice * _gain(voice, me[at : at + len(voice)], float(rng.uniform(0.0, 12.0)))
    return Reel(me, stem, ())


def separated_reels(corpus: Corpus, network: Network, count: int, *, seed: int) -> Iterator[Reel]:
    """``count`` short reels whose M&E and DX stem ``network`` made of mixtures from ``corpus``.

    What is left of a voice is an event at the level it has there, if it is one at all.
    """
    mixers = list(mixers_of(corpus, seed=seed).items())
    for number in range(count):
        label, mixer = mixers[number % len(mixers)]
        scene = separated_scene(label, mixer.draw(number), network)
        true = _events(label, scene.target[:, LABELS.index(label)] > 0, 0, 0.0)
        yield Reel(scene.me, scene.stem, tuple(true))


def _background(rng: np.random.Generator, material: Material) -> Samples:
    frames = int(SECONDS * HEARD_RATE) // FRAME * FRAME
    out = np.zeros(frames, np.float32)
    for number in range(int(rng.choice((1, 2), p=(0.6, 0.4)))):
        takes = material.backgrounds["music" if rng.random() < 0.5 else "effects"]
        layer = _layer(rng, takes, frames)
        out += layer * np.float32(10.0 ** (-rng.uniform(0.0, 12.0) / 20.0) if number else 1.0)
    level = 10.0 ** (-rng.uniform(20.0, 34.0) / 20.0)
    return out * np.float32(level / max(rms(out), 1e-9))


def _layer(rng: np.random.Generator, takes: Sequence[Take], frames: int) -> Samples:
    """One recording after the other, each as it is, as loud as the others."""
    out, at = np.zeros(frames, np.float32), 0
    longest = 20 * HEARD_RATE
    while at < frames:
        samples = takes[int(rng.integers(len(takes)))].samples
        start = int(rng.integers(max(len(samples) - longest, 0) + 1))
        piece = fade(samples[start : start + min(longest, frames - at)], rate=HEARD_RATE)
        out[at : at + len(piece)] += piece / np.float32(max(rms(piece), 1e-6))
        at += len(piece) + int(rng.exponential(0.3) * HEARD_RATE)
    return out


def _excerpt(rng: np.random.Generator, take: Take) -> tuple[Samples, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    """At most a few seconds of ``take``, whole frames, and which of them sound; at least one does."""
    wanted = int(rng.uniform(0.6, _LONGEST_SECONDS) / _FRAME_SECONDS)
    sounding = np.flatnonzero(take.active)
    middle = int(rng.choice(sounding)) if len(sounding) else 0
    start = max(min(middle - wanted // 3, len(take.active) - wanted), 0)
    active = take.active[start : start + wanted]
    if not active.any():
        active = np.ones(max(len(active), 1), np.bool_)
    samples = take.samples[start * FRAME : (start + len(active)) * FRAME]
    padded = np.pad(samples, (0, len(active) * FRAME - len(samples)))
    return fade(padded, rate=HEARD_RATE), active


def _gain(voice: Samples, under: Samples, level_db: float) -> np.float32:
    return np.float32(10.0 ** (level_db / 20.0) * max(rms(under), 1e-4) / max(rms(voice), 1e-9))


def _events(
    label: Label, active: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], at: int, level_db: float
) -> list[Event]:
    spans = [(a * _FRAME_SECONDS, b * _FRAME_SECONDS) for a, b in stretches(active)]
    start = at * _FRAME_SECONDS
    return [
        Event(start + a, start + b, _CHANNELS, label, 1.0, level_db)
        for a, b in join(spans, gap=_PAUSE_SECONDS)
        if b - a >= _SHORTEST_SECONDS
    ]
