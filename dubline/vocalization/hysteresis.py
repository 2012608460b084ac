"""From a score per frame to spans of time: hysteresis, merging, minimum lengths, padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SpanRules:
    """When a span begins and ends; the defaults are silero-vad's own for speech."""

    on: float = 0.5
    off: float = 0.35
    minimum_seconds: float = 0.25
    merge_seconds: float = 0.1
    pad_seconds: float = 0.03


def runs(
    scores: npt.NDArray[np.floating], *, rules: SpanRules, frame_seconds: float, duration_seconds: float
) -> list[tuple[float, float]]:
    """Disjoint spans in rising order where ``scores`` (frames,) reach ``rules.on`` and stay above ``rules.off``.

    Gaps shorter than ``merge_seconds`` are bridged, then spans shorter than ``minimum_seconds`` are dropped,
    then both ends are padded; nothing reaches past ``duration_seconds``.
    """
    mask = sounding(scores, on=rules.on, off=rules.off)
    return spans_of(mask, rules=rules, frame_seconds=frame_seconds, duration_seconds=duration_seconds)


def sounding(scores: npt.NDArray[np.floating], *, on: float, off: float) -> Mask:
    """The frames of the stretches of ``scores`` (frames,) that lie at ``off`` or over it and somewhere reach ``on``."""
    mask = scores >= off
    for start, end in stretches(mask):
        mask[start:end] = scores[start:end].max() >= on
    return mask


def spans_of(
    mask: Mask, *, rules: SpanRules, frame_seconds: float, duration_seconds: float
) -> list[tuple[float, float]]:
    """Spans of ``mask`` (frames,), as `runs` merges, drops and pads them."""
    seconds = [(start * frame_seconds, end * frame_seconds) for start, end in stretches(mask)]
    merged = join(seconds, gap=rules.merge_seconds)
    long_enough = [span for span in merged if span[1] - span[0] >= rules.minimum_seconds]
    pad = rules.pad_seconds
    padded = [(max(start - pad, 0.0), min(end + pad, duration_seconds)) for start, end in long_enough]
    return join([span for span in padded if span[1] > span[0]], gap=0.0)


def join(spans: list[tuple[float, float]], *, gap: float) -> list[tuple[float, float]]:
    """Spans in rising order with those overlapping, touching or closer than ``gap`` seconds made one."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def stretches(mask: Mask) -> list[tuple[int, int]]:
    """First frame and the one after the last of every stretch of ``mask`` (frames,) that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
