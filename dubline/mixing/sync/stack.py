"""Where does a dub in other words lie? Pieces of both activities, correlated one by one and stacked along lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.mixing.sync.envelope import FRAMES_PER_SECOND
from dubline.mixing.sync.parabola import between
from dubline.mixing.sync.speeds import Line

Floats = npt.NDArray[np.float64]

# Residual offsets looked at, in the middle and as the difference the ends of the title make to it.
_REACH_SECONDS = 1.0
_BEND_SECONDS = 0.75
_PIECE_SECONDS = 5.0
# Groups of pieces left out in turn (the jackknife): how far the answer moves is how uncertain it is.
_GROUPS = 10
# No finer than a frame of the envelope, however well the pieces agree.
_FLOOR_SECONDS = 1.0 / FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class Stacked:
    """The line along which the pieces correlate best. Precisions are standard errors: of the offset in the middle
    of the title in seconds, of the slope in seconds per second.
    """

    line: Line
    precision_seconds: float
    precision_slope: float


def stack(reference: Floats, dub: Floats, near: Line, *, fixed: bool = False) -> Stacked:
    """Refine ``near`` on two `phrases` curves; ``fixed`` keeps its speed and moves the offset alone."""
    pieces = _pieces(reference, dub, near)
    seconds = len(reference) / FRAMES_PER_SECOND
    middles = (np.arange(len(pieces)) + 0.5) / len(pieces) - 0.5
    bends = np.zeros(1) if fixed else np.arange(-_BEND_SECONDS, _BEND_SECONDS, 1.0 / FRAMES_PER_SECOND)
    groups = min(_GROUPS, len(pieces))
    sums = np.stack([_sums(pieces[at::groups], middles[at::groups], bends) for at in range(groups)])
    whole = sums.sum(axis=0)
    bend, shift = _peak(whole, bends)
    partial = np.array([_peak(whole - part, bends) for part in sums])
    spread = np.sqrt((groups - 1) / groups * np.square(partial - partial.mean(axis=0)).sum(axis=0))
    slope = 2.0 * bend / seconds
    return Stacked(
        near.bent(shift - slope * seconds / 2.0, slope),
        max(float(spread[1]), _FLOOR_SECONDS),
        2.0 * max(float(spread[0]), _FLOOR_SECONDS) / seconds,
    )


def _pieces(reference: Floats, dub: Floats, near: Line) -> Floats:
    """Correlation of every piece of the title with the dub around ``near``: ``(pieces, lags)``."""
    reach = round(_REACH_SECONDS * FRAMES_PER_SECOND)
    # Where the title's frames lie in the dub, and a reach more at both ends.
    frames = np.arange(-reach, len(reference) + reach)
    places = near.offset * FRAMES_PER_SECOND + frames / near.speed
    placed = np.interp(places, np.arange(len(dub)), dub, left=0.0, right=0.0)
    count = max(2, math.ceil(len(reference) / (_PIECE_SECONDS * FRAMES_PER_SECOND)))
    starts = np.arange(count) * len(reference) // count
    lags = range(2 * reach + 1)
    return np.stack(
        [np.add.reduceat(reference * placed[lag : lag + len(reference)], starts) for lag in lags], axis=1
    )  # fmt: skip


def _sums(pieces: Floats, middles: Floats, bends: Floats) -> Floats:
    """Pieces stacked along every line: ``(bends, lags)``; a line leaves the reach nowhere that is read."""
    margin = math.ceil(_BEND_SECONDS * FRAMES_PER_SECOND)
    lags = np.arange(margin, pieces.shape[1] - margin)
    shifts = np.rint(2.0 * bends[:, None] * middles * FRAMES_PER_SECOND).astype(np.int64)
    rows = np.arange(len(pieces))[:, None]
    return np.stack([pieces[rows, lags + shift[:, None]].sum(axis=0) for shift in shifts])


def _peak(stacked: Floats, bends: Floats) -> tuple[float, float]:
    """Bend and shift of the largest sum, in seconds, read between the grid's points by a parabola."""
    row, column = np.unravel_index(int(stacked.argmax()), stacked.shape)
    shift = column + between(stacked[row], int(column)) - (stacked.shape[1] - 1) / 2.0
    bend = float(bends[row])
    if len(bends) > 1:
        bend += between(stacked[:, column], int(row)) / FRAMES_PER_SECOND
    return bend, float(shift) / FRAMES_PER_SECOND
