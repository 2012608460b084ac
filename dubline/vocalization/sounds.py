"""From scores of all labels to sounds: where each begins and ends, and which of the labels it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.hysteresis import Mask, join, sounding, spans_of, stretches
from dubline.vocalization.rules import DetectionRules, LabelRules

# A label is chosen for a third of a second, not for a frame: the classes of one sound take turns inside it.
CHOICE_SECONDS = 0.35
# Keeps the odds finite where a score is 0 or 1.
_LEAST = 1e-3

Scores = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound of one label; ``score`` is the highest chance in it that a voice of any kind sounds."""

    label: Label
    start_seconds: float
    end_seconds: float
    score: float


def sounds_of(scores: Scores, *, rules: DetectionRules, frame_seconds: float, duration_seconds: float) -> list[Sound]:
    """Sounds in ``scores`` (frames, labels), labels in the order of `LABELS`, in the order of labels, then of time.

    A frame holds a voice where a label sounds by its own rule or where `any_voice` does by ``rules.voice``: a sound
    between two labels is sure to be a voice before it is sure which. It belongs to the label whose odds lie furthest
    over those of its threshold. What is too short to be of its label goes to the next surest label there. A label whose
    score reaches its rule's ``beside`` is a sound of its own beside a surer one.
    """
    each = [rules.labels[label] for label in LABELS]
    voice = any_voice(scores)
    labeled = [sounding(scores[:, at], on=r.threshold, off=r.release) for at, r in enumerate(each)]
    sound = np.stack(labeled, axis=1) | sounding(voice, on=rules.voice.threshold, off=rules.voice.release)[:, None]
    own = _own(scores, sound, each, frame_seconds=frame_seconds)
    found = []
    for at, (label, rule) in enumerate(zip(LABELS, each, strict=True)):
        mask = own[:, at] | sounding(scores[:, at], on=rule.beside, off=rule.threshold)
        spans = spans_of(mask, rules=rule.spans, frame_seconds=frame_seconds, duration_seconds=duration_seconds)
        found += [Sound(label, start, end, peak(voice, start, end, frame_seconds)) for start, end in spans]
    return found


def any_voice(scores: Scores) -> npt.NDArray[np.float32]:
    """The chance that at least one label sounds, ``scores`` (..., labels) -> (...): each taken to hear for itself."""
    chance: npt.NDArray[np.float32] = 1.0 - np.prod(1.0 - scores.astype(np.float32), axis=-1)
    return chance


def with_sound(sounds: list[Sound], added: Sound, *, shortest_seconds: float) -> list[Sound]:
    """``sounds`` and what of ``added`` no other label holds, made one with sounds of its own label that it meets."""
    others = [(one.start_seconds, one.end_seconds) for one in sounds if one.label != added.label]
    free = [
        (start, end)
        for start, end in without([(added.start_seconds, added.end_seconds)], others)
        if end - start >= shortest_seconds
    ]
    same = [one for one in sounds if one.label == added.label]
    scored = [*same, *(Sound(added.label, start, end, added.score) for start, end in free)]
    joined = [
        Sound(added.label, start, end, max(o.score for o in scored if o.start_seconds < end and o.end_seconds > start))
        for start, end in join([(one.start_seconds, one.end_seconds) for one in scored], gap=0.0)
    ]
    return [one for one in sounds if one.label != added.label] + joined


def without(spans: list[tuple[float, float]], taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What of ``spans`` lies in none of ``taken``."""
    left = spans
    for start, end in taken:
        cut = [((a, min(b, start)), (max(a, end), b)) for a, b in left]
        left = [piece for pieces in cut for piece in pieces if piece[1] > piece[0]]
    return left


def peak(scores: Scores, start_seconds: float, end_seconds: float, frame_seconds: float) -> float:
    """The highest of ``scores`` (frames,) between two times; 0.0 where no frame lies."""
    first, last = int(start_seconds / frame_seconds), int(np.ceil(end_seconds / frame_seconds))
    return float(scores[max(first, 0) : max(last, 1)].max(initial=0.0))


def _own(scores: Scores, sound: Mask, rules: list[LabelRules], *, frame_seconds: float) -> Mask:
    """``sound`` (frames, labels) with one label left in every frame."""
    thresholds = np.array([rule.threshold for rule in rules])
    surer = _odds(scores) - _odds(thresholds)
    smooth = uniform_filter1d(surer, max(round(CHOICE_SECONDS / frame_seconds), 1), axis=0, mode="nearest")
    choice = np.where(sound, smooth, -np.inf)
    own = _chosen(choice)
    for start, end, at in _fragments(own, rules, frame_seconds):
        choice[start:end, at] = -np.inf
        instead = _chosen(choice[start:end])
        # Where no other label sounds, the piece stays what it is, and is dropped later.
        instead[:, at] |= own[start:end, at] & ~instead.any(axis=1)
        own[start:end] = instead
    return own


def _chosen(choice: npt.NDArray[np.floating]) -> Mask:
    """One label in every frame of ``choice`` (frames, labels) that has any above minus infinity."""
    best = np.zeros(choice.shape, np.bool_)
    if len(choice):
        best[np.arange(len(choice)), choice.argmax(axis=1)] = True
    mask: Mask = best & np.isfinite(choice)
    return mask


def _fragments(own: Mask, rules: list[LabelRules], frame_seconds: float) -> list[tuple[int, int, int]]:
    """Stretches too short for their label, the shortest first: first frame, the one after the last, label."""
    found = []
    for at, rule in enumerate(rules):
        merged = join([(float(a), float(b)) for a, b in stretches(own[:, at])], gap=rule.merge_seconds / frame_seconds)
        short = rule.minimum_seconds / frame_seconds
        found += [(int(a), int(b), at) for a, b in merged if b - a < short]
    return sorted(found, key=lambda piece: (piece[1] - piece[0], piece))


def _odds(probability: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Logarithm of the odds."""
    clipped = np.clip(probability.astype(np.float64), _LEAST, 1.0 - _LEAST)
    odds: npt.NDArray[np.float64] = np.log(clipped / (1.0 - clipped))
    return odds
