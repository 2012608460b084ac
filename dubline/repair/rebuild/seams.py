"""Seams: how a fill takes over from what was before the gap, and hands over to what comes after."""

from __future__ import annotations

import numpy as np

from dubline.audio.wav import Block
from dubline.repair.rebuild.gap import Gap, chance
from dubline.repair.rebuild.prediction import extrapolate

# Long enough to hide the turn, short enough that a linear prediction still holds.
SEAM_SECONDS = 0.015


def join(gap: Gap, fill: Block) -> Block:
    """``fill`` (length, channels) with both ends led over from the gap's surroundings."""
    length = min(round(SEAM_SECONDS * gap.rate), len(fill) // 2)
    out = fill.copy()
    if length == 0:
        return out
    drawn = chance(gap)
    if len(gap.before):
        out[:length] = crossfade(extrapolate(gap.before, length, gap.rate, drawn), out[:length])
    if len(gap.after):
        leading = extrapolate(gap.after[::-1], length, gap.rate, drawn)
        out[-length:] = crossfade(leading, out[-length:][::-1])[::-1]
    return out


def crossfade(leaving: Block, coming: Block) -> Block:
    """From ``leaving`` to ``coming``, both (n, channels), at constant power whatever they have in common.

    The gains are those of an equal-power fade, divided by the level their sum would have: signals in phase are
    faded at equal gain, unrelated ones at equal power (Fink, Holters, Zölzer, DAFx 2016).
    """
    turn = (np.arange(len(leaving)) + 0.5) * (np.pi / 2 / len(leaving))
    out, into = np.cos(turn), np.sin(turn)
    level = np.sqrt(1.0 + 2.0 * out * into * _correlation(leaving, coming))
    faded: Block = (leaving * (out / level)[:, None] + coming * (into / level)[:, None]).astype(np.float32)
    return faded


def _correlation(one: Block, other: Block) -> float:
    """Between 0 and 1 over all channels together; what is out of phase counts as unrelated."""
    both = float(np.sqrt(np.square(one, dtype=np.float64).sum() * np.square(other, dtype=np.float64).sum()))
    if both == 0.0:
        return 0.0
    return float(np.clip(np.sum(one.astype(np.float64) * other) / both, 0.0, 1.0))
