"""From chances of all labels to sounds: where each begins and ends, and which of the labels it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from dubline.vocalization.chances import Chances, any_voice, odds
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.hysteresis import Mask, join, sounding, spans_of, stretches
from dubline.vocalization.rules import DetectionRules, LabelRules

# A label is chosen for a third of a second, not for a frame: the classes of one sound take turns inside it.
CHOICE_SECONDS = 0.35
# A label seven times less likely than the likeliest is no second choice.
NEXT_ODDS = float(np.log(7.0))


@dataclass(frozen=True, slots=True)
class Sound:
    """One sound of one label; ``score`` is the highest chance in it that a voice of any kind sounds."""

    label: Label
    start_seconds: float
    end_seconds: float
    score: float


def sounds_of(chances: Chances, *, rules: DetectionRules, frame_seconds: float, duration_seconds: float) -> list[Sound]:
    """Sounds in ``chances`` (frames, labels), labels in the order of `LABELS`, in the order of labels, then of time.

    A frame holds a voice where `any_voice` says so by ``rules.voice``: a sound between two labels is sure to be a voice
    before it is sure which. It belongs to its likeliest label; what is too short to be of its label goes to the next
    likeliest there. A label whose own chance reaches ``beside`` is a sound of its own beside a likelier one.
    """
    each = [rules.labels[label] for label in LABELS]
    voice = any_voice(chances)
    sound = sounding(voice, on=rules.voice.threshold, off=rules.voice.release)
    own = _own(chances, sound, each, frame_seconds=frame_seconds)
    found = []
    for at, (label, rule) in enumerate(zip(LABELS, each, strict=True)):
        mask = own[:, at] | sounding(chances[:, at], on=rules.voice.beside, off=rules.voice.threshold)
        spans = spans_of(mask, rules=rule.spans, frame_seconds=frame_seconds, duration_seconds=duration_seconds)
        found += [Sound(label, start, end, peak(voice, start, end, frame_seconds)) for start, end in spans]
    return found


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


def peak(chances: npt.NDArray[np.floating], start_seconds: float, end_seconds: float, frame_seconds: float) -> float:
    """The highest of ``chances`` (frames,) between two times; 0.0 where no frame lies."""
    first, last = int(start_seconds / frame_seconds), int(np.ceil(end_seconds / frame_seconds))
    return float(chances[max(first, 0) : max(last, 1)].max(initial=0.0))


def _own(chances: Chances, sound: Mask, rules: list[LabelRules], *, frame_seconds: float) -> Mask:
    """Which label holds each frame of ``sound`` (frames,): (frames, labels), at most one in every frame."""
    smooth = uniform_filter1d(odds(chances), max(round(CHOICE_SECONDS / frame_seconds), 1), axis=0, mode="nearest")
    near = smooth >= smooth.max(axis=1, keepdims=True, initial=-np.inf) - NEXT_ODDS
    choice = np.where(sound[:, None] & near, smooth, -np.inf)
    own = _chosen(choice)
    for start, end, at in _fragments(own, rules, frame_seconds):
        choice[start:end, at] = -np.inf
        instead = _chosen(choice[start:end])
        # Where no other label is left, the piece stays what it is, and is dropped later.
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
