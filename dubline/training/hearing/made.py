"""Takes made for labels of which the corpus holds too few performers, and backgrounds no recording is needed for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import soxr

from dubline.training.corpus import RATE, Clip, Corpus, Samples
from dubline.training.hearing.material import Material, Take, take_of
from dubline.training.mixtures import synthetic
from dubline.training.mixtures.calls import LAUGH, MOAN, SHOUT, SOB, Rhythm, call
from dubline.training.mixtures.song import song
from dubline.training.mixtures.walla import walla_bed
from dubline.vocalization.events import Label
from dubline.vocalization.silero import RATE as HEARD_RATE

CALLS: Mapping[Label, Rhythm] = {"laughter": LAUGH, "crying": SOB, "shout": SHOUT, "exertion": MOAN}
EACH = 160
_WALLA_SECONDS = 8.0
_BACKGROUND_SECONDS = 8.0
_LONGEST_SPEECH_SECONDS = 4.0

Made = Callable[[np.random.Generator], Samples]


def with_made(material: Material, corpus: Corpus, *, seed: int, each: int = EACH) -> Material:
    """``material`` with ``each`` made takes of every label in need, from the speech of ``corpus``."""
    rng = np.random.default_rng(seed)
    speech = corpus.of("speech")
    voices = {label: list(takes) for label, takes in material.voices.items()}
    for label, make in _voices(corpus, speech).items():
        voices.setdefault(label, []).extend(_takes(rng, make, each, f"made:{label}"))
    # Whole crowds are dear: each is a dozen talkers.
    voices.setdefault("crowd", []).extend(_takes(rng, _crowd(corpus, speech), each // 2, "made:crowd"))
    backgrounds = {kind: list(takes) for kind, takes in material.backgrounds.items()}
    backgrounds["made"] = list(_backgrounds(rng, each))
    return Material(voices, backgrounds)


def _voices(corpus: Corpus, speech: list[Clip]) -> dict[Label, Made]:
    def calling(rhythm: Rhythm) -> Made:
        return lambda rng: call(rng, _utterance(rng, corpus, speech), rhythm)

    def singing(rng: np.random.Generator) -> Samples:
        return song(rng, _utterance(rng, corpus, speech), RATE)

    return {label: calling(rhythm) for label, rhythm in CALLS.items()} | {"singing": singing}


def _crowd(corpus: Corpus, speech: list[Clip]) -> Made:
    def crowd(rng: np.random.Generator) -> Samples:
        voices = [_utterance(rng, corpus, speech) for _ in range(6)]
        return walla_bed(rng, voices, int(_WALLA_SECONDS * RATE))

    return crowd


def _backgrounds(rng: np.random.Generator, each: int) -> Iterator[Take]:
    frames = int(_BACKGROUND_SECONDS * RATE)
    kinds: tuple[Callable[..., Samples], ...] = (synthetic.notes, synthetic.machine, synthetic.noise, synthetic.impacts)
    # What is most like a singer is needed most.
    for make in (*kinds, *(synthetic.bowed,) * 4):
        yield from _takes(rng, partial(make, frames=frames), each // 4, f"made:{make.__name__}")


def _takes(rng: np.random.Generator, make: Made, count: int, group: str) -> Iterator[Take]:
    for _ in range(count):
        samples = make(rng)
        peak = float(np.abs(samples).max(initial=0.0))
        if peak > 0.0:
            yield take_of(soxr.resample(samples * np.float32(0.9 / peak), RATE, HEARD_RATE, quality="HQ"), group)


def _utterance(rng: np.random.Generator, corpus: Corpus, speech: list[Clip]) -> Samples:
    """A few seconds of one speaker."""
    clip = speech[rng.integers(len(speech))]
    frames = int(_LONGEST_SPEECH_SECONDS * RATE)
    return corpus.samples(clip, int(rng.integers(max(clip.frames - frames, 0) + 1)), frames)
