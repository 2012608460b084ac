"""Seams: how a fill takes over from what was before the gap, and hands over to what comes after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter, lfiltic

from dubline.audio.wav import Block
from dubline.repair.rebuild.gap import Gap

Floats = npt.NDArray[np.float64]

# Long enough to hide the turn, short enough that a linear prediction still holds.
SEAM_SECONDS = 0.015
# Sound beside the gap from which the prediction is learned, and the number of samples it looks back.
_LEARNED_SECONDS = 0.1
_ORDER = 128
# White noise this far under the sound keeps the prediction from growing.
_RIDGE = 1e-6


def join(gap: Gap, fill: Block) -> Block:
    """``fill`` (length, channels) with both ends led over from the gap's surroundings."""
    length = min(round(SEAM_SECONDS * gap.rate), len(fill) // 2)
    out = fill.copy()
    if length == 0:
        return out
    if len(gap.before):
        out[:length] = crossfade(extrapolate(gap.before, length, gap.rate), out[:length])
    if len(gap.after):
        out[-length:] = crossfade(extrapolate(gap.after[::-1], length, gap.rate), out[-length:][::-1])[::-1]
    return out


def crossfade(leaving: Block, coming: Block) -> Block:
    """From ``leaving`` to ``coming``, both (n, channels), at constant power whatever they have in common.

    The gains are those of an equal-power fade, divided by the level their sum would have: signals in phase are
    faded at equal gain, unrelated ones at equal power (Fink, Holters, Zölzer, DAFx 2016).
    """
    turn = (np.arange(len(leaving)) + 0.5) * (np.pi / 2 / len(leaving))
    out, into = np.cos(turn), np.sin(turn)
    common = _correlation(leaving, coming)
    level = np.sqrt(1.0 + 2.0 * out * into * common)
    faded: Block = (leaving * (out / level)[:, None] + coming * (into / level)[:, None]).astype(np.float32)
    return faded


def extrapolate(samples: Block, length: int, rate: int) -> Block:
    """What linear prediction expects to follow ``samples`` (n, channels): (length, channels).

    Autocorrelation method, per channel. Kauppinen, Roth (2002), "Audio signal extrapolation".
    """
    learned = samples[-max(round(_LEARNED_SECONDS * rate), length) :].astype(np.float64)
    order = min(_ORDER, len(learned) // 3)
    out = np.zeros((length, samples.shape[1]), dtype=np.float32)
    if order == 0:
        return out
    for channel, past in enumerate(learned.T):
        tapered = past * np.hanning(len(past) + 2)[1:-1]
        lags = np.correlate(tapered, tapered[: len(tapered)], "full")[len(tapered) - 1 :][: order + 1]
        if lags[0] > 0.0:
            lags[0] *= 1.0 + _RIDGE
            predictor = np.concatenate([[1.0], -solve_toeplitz(lags[:-1], lags[1:])])
            state = lfiltic([1.0], predictor, past[::-1][:order])
            out[:, channel] = lfilter([1.0], predictor, np.zeros(length), zi=state)[0]
    return out


def _correlation(one: Block, other: Block) -> float:
    """Between 0 and 1 over all channels together; what is out of phase counts as unrelated."""
    both = float(np.sqrt(np.square(one, dtype=np.float64).sum() * np.square(other, dtype=np.float64).sum()))
    if both == 0.0:
        return 0.0
    return float(np.clip(np.sum(one.astype(np.float64) * other) / both, 0.0, 1.0))
