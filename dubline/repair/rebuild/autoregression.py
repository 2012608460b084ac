"""Gaps too short to hear into: the samples that a linear prediction of both sides finds least surprising."""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import Floats
from dubline.repair.rebuild.gap import Gap, chance
from dubline.repair.rebuild.prediction import LEARNED_SECONDS, extrapolate, learn

# Longer gaps are no longer determined by their edges.
LONGEST_SECONDS = 0.05


def interpolate(gap: Gap) -> Block:
    """The gap's samples, (length, channels) float32: continuous at both ends, as strong inside as beside it.

    Least-squares autoregressive interpolation, Janssen, Veldhuis, Vries (1986), with errors of the usual size left in
    as of Rayner, Godsill (1991), since without them noise dies away in the middle.
    """
    if gap.silent or gap.length == 0:
        return np.zeros((gap.length, gap.channels), dtype=np.float32)
    drawn = chance(gap)
    if not len(gap.after):
        return extrapolate(gap.before, gap.length, gap.rate, drawn)
    if not len(gap.before):
        return extrapolate(gap.after[::-1], gap.length, gap.rate, drawn)[::-1]
    beside = round(LEARNED_SECONDS * gap.rate)
    before, after = gap.before[max(len(gap.before) - beside, 0) :], gap.after[:beside]
    prediction = learn([before, after], gap.rate)
    errors = drawn.standard_normal((gap.length + prediction.order, gap.channels)) @ prediction.errors.T
    out = np.empty((gap.length, gap.channels), dtype=np.float32)
    for channel, taps in enumerate(prediction.filters):
        out[:, channel] = _solve(taps, before[:, channel], after[:, channel], errors[:, channel], gap.length)
    return out


def _solve(taps: Floats, before: Block, after: Block, errors: Floats, length: int) -> Floats:
    """The samples (length,) for which the prediction errors come nearest to ``errors`` (length + order,)."""
    order = len(taps) - 1
    # What the known samples alone contribute to the errors in reach of the gap.
    known = np.zeros(length + 2 * order)
    left, right = before[max(len(before) - order, 0) :], after[:order]
    known[order - len(left) : order] = left
    known[order + length : order + length + len(right)] = right
    surprise = errors - np.convolve(known, taps, "valid")
    target = np.correlate(np.concatenate([surprise, np.zeros(order)]), taps, "valid")[:length]
    lags = np.correlate(taps, taps, "full")[order:]
    bands = np.repeat(lags[: min(order + 1, length), None], length, axis=1)
    solved: Floats = solveh_banded(bands, target, lower=True)
    return solved
