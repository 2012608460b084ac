"""What the event classifier is taught with: recordings at 16 kHz by label, and backgrounds without a voice."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from dubline.training.corpus import RATE, Clip, Corpus, Holdout, Samples
from dubline.training.licenses import usable_part
from dubline.vocalization.ear import VoiceBand
from dubline.vocalization.events import Label
from dubline.vocalization.silero import RATE as HEARD_RATE
from dubline.vocalization.silero import VoiceActivity

# The corpus's words for what people do, in ours.
LABEL_OF: Mapping[str, Label] = {
    "laughter": "laughter",
    "crying": "crying",
    "crying_baby": "crying",
    "scream": "shout",
    "shout": "shout",
    "breathing": "breath",
    "gasp_shock": "breath",
    "cough": "cough",
    "sneeze": "cough",
    "burp": "cough",
    "retch": "exertion",
    "grunt_effort": "exertion",
    "pain": "exertion",
    "death_cry": "exertion",
    "exclaim_hum": "exertion",
    "crowd": "crowd",
    "singing": "singing",
}
# A frame sounds when it lies no further under the loudest of its recording, and this far over its noise.
_RANGE_DB = 32.0
_OVER_NOISE_DB = 6.0
# Breath rises and falls out of hiss that is as loud as its quieter half.
_QUIET_SHARE = 0.05
# Silence in an utterance shorter than this belongs to it.
_BRIDGE_FRAMES = 6
# Bells, hippopotami and vibraphones reach 0.98; a word reaches more, for five frames at least.
_CERTAIN, _CERTAIN_FRAMES = 0.99, 5

Active = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Take:
    """One recording at 16 kHz, ``samples`` (n,), and in which frames of 32 ms it sounds, ``active`` (n // FRAME,)."""

    samples: Samples
    active: Active
    group: str


@dataclass(frozen=True, slots=True)
class Material:
    """Takes by label, and backgrounds by kind (``music``, ``effects``)."""

    voices: Mapping[Label, Sequence[Take]]
    backgrounds: Mapping[str, Sequence[Take]]


def material_of(corpus: Corpus) -> Material:
    """Everything in ``corpus``, resampled; in memory, two megabytes a minute."""
    voices: dict[Label, list[Take]] = defaultdict(list)
    backgrounds: dict[str, list[Take]] = defaultdict(list)
    for clip in corpus.clips:
        take = take_of(soxr.resample(corpus.samples(clip), RATE, HEARD_RATE, quality="HQ"), clip.group)
        if clip.kind in ("music", "effects"):
            if not speaks(take.samples):
                backgrounds[clip.kind].append(take)
        elif (label := label_of(clip)) is not None:
            voices[label].append(take)
    return Material(dict(voices), dict(backgrounds))


def together(parts: Iterable[Material]) -> Material:
    """Everything in ``parts``."""
    voices: dict[Label, list[Take]] = defaultdict(list)
    backgrounds: dict[str, list[Take]] = defaultdict(list)
    for part in parts:
        for label, takes in part.voices.items():
            voices[label] += takes
        for kind, takes in part.backgrounds.items():
            backgrounds[kind] += takes
    return Material(dict(voices), dict(backgrounds))


def speaks(samples: Samples) -> bool:
    """Whether somebody speaks in what a corpus calls music or an effect: silero-vad is all but certain, for a while."""
    activity = VoiceActivity()
    sure = np.concatenate([activity.process(samples[:, None]), activity.flush()])[:, 0] >= _CERTAIN
    return int(sure.sum()) >= _CERTAIN_FRAMES


def label_of(clip: Clip) -> Label | None:
    """What kind of event a recording of a voice is; None for what has no label of ours."""
    return "speech" if clip.kind == "speech" else LABEL_OF.get(clip.label)


def take_of(samples: Samples, group: str) -> Take:
    """``samples`` (n,) at 16 kHz with the frames in which they sound."""
    return Take(samples, sounding(samples), group)


def sounding(samples: Samples) -> Active:
    """Which frames of ``samples`` (n,) at 16 kHz hold the sound and not the recording's own noise; (n // FRAME,)."""
    level = frame_levels(samples)
    if not len(level):
        return np.zeros(0, np.bool_)
    noise = np.quantile(level, _QUIET_SHARE)
    threshold = max(level.max() - _RANGE_DB, min(noise + _OVER_NOISE_DB, level.max() - 10.0))
    return bridged(level >= threshold)


def frame_levels(samples: Samples) -> npt.NDArray[np.float32]:
    """Level of each whole frame of ``samples`` (n,) at 16 kHz in the voice band, dB, as detection reads it."""
    levels: npt.NDArray[np.float32] = VoiceBand(1).process(samples[:, None])[:, 0]
    return levels


def bridged(active: Active) -> Active:
    """``active`` (frames,) with short pauses closed."""
    at = np.flatnonzero(active)
    closed = active.copy()
    for one, other in itertools.pairwise(at.tolist()):
        if 1 < other - one <= _BRIDGE_FRAMES:
            closed[one:other] = True
    return closed


def taught_and_unheard(corpus: Corpus) -> tuple[Corpus, Corpus]:
    """What the classifier may be taught with, and all that shares no group with it: to measure on, licenses and all."""
    taught, _ = split_by_label(usable_part(corpus))
    groups = {clip.group for clip in taught.clips}
    return taught, corpus.with_clips(clip for clip in corpus.clips if clip.group not in groups)


def split_by_label(
    corpus: Corpus, *, share: float = 0.2, languages: Sequence[str] = Holdout().languages
) -> tuple[Corpus, Corpus]:
    """Training and held-out parts that share no speaker, recording or held-out language.

    Of every label and kind of background about ``share`` is held out where it has several groups: with a handful of
    performers to a label, a split by chance would leave some labels without any. A group with more than half of any
    label's recordings stays in training.
    """
    kinds: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    held = {clip.group for clip in corpus.clips if clip.language in languages}
    for clip in corpus.clips:
        kinds[_kind(clip)][clip.group] += clip.frames
    kept = {
        group for groups in kinds.values() for group, size in groups.items() if size > 0.5 * sum(groups.values())
    } - held
    for kind in sorted(kinds):
        groups = kinds[kind]
        wanted = share * sum(groups.values())
        taken = sum(size for group, size in groups.items() if group in held)
        for group in sorted(groups, key=_order):
            if taken >= wanted:
                break
            if group not in kept and group not in held and taken + groups[group] <= max(2.0 * wanted, _least(groups)):
                held.add(group)
                taken += groups[group]
    return (
        corpus.with_clips(clip for clip in corpus.clips if clip.group not in held),
        corpus.with_clips(clip for clip in corpus.clips if clip.group in held),
    )


def _least(groups: Mapping[str, int]) -> float:
    return min(groups.values())


def _kind(clip: Clip) -> str:
    if clip.kind in ("music", "speech"):
        return clip.kind
    return clip.label if clip.kind == "effects" else f"voice {label_of(clip)}"


def _order(group: str) -> str:
    """An order that depends on nothing but the name."""
    return hashlib.sha256(group.encode()).hexdigest()
