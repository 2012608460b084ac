"""From energies of 10 ms to loudness figures: sliding windows, gates, loudness range.

Sources: ITU-R BS.1770-4 Annex 1 (gating blocks), EBU Tech 3341 (momentary, short-term), EBU Tech 3342 (LRA).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Windows are counted in these per second. 10 ms is the hop that finds the true maximum of a 400 ms burst
# (EBU Tech 3341 cases 13 and 14); with 100 ms it is under-read by up to half a LU.
BLOCKS_PER_SECOND = 100
MOMENTARY_BLOCKS = 40
SHORT_TERM_BLOCKS = 300
# Gating blocks of 400 ms overlap by 75 % (BS.1770-4); short-term values for the LRA come at 10 Hz (EBU Tech 3342).
GATING_HOP_BLOCKS = 10

_OFFSET = -0.691
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_RANGE_GATE = -20.0
_RANGE_LOW, _RANGE_HIGH = 10.0, 95.0


@dataclass(frozen=True, slots=True)
class Energies:
    """Channel-weighted sums of squares of consecutive 10 ms blocks at ``rate`` Hz, only whole blocks.

    At rates that 100 does not divide, block ``k`` begins at frame ``floor(k * rate / 100)``.
    """

    sums: Floats
    rate: int

    def edges(self) -> npt.NDArray[np.int64]:
        """First frame of every block, and the frame after the last."""
        return block_edges(len(self.sums), self.rate)

    def mean_squares(self, blocks: int) -> Floats:
        """Mean square of every window of ``blocks`` blocks, at a hop of one; empty when the stream is shorter."""
        if len(self.sums) < blocks:
            return np.zeros(0)
        # Tens first, then tens of them: summed afresh for each window (a running sum would leave
        # the rounding error of a loud scene in the silence that follows).
        tens = np.lib.stride_tricks.sliding_window_view(self.sums, GATING_HOP_BLOCKS).sum(axis=1)
        last = len(self.sums) - blocks + 1
        totals = np.zeros(last)
        for at in range(0, blocks, GATING_HOP_BLOCKS):
            totals += tens[at : at + last]
        edges = self.edges()
        totals /= edges[blocks:] - edges[:-blocks]
        return totals

    def times(self) -> Floats:
        """Middle of every block in seconds."""
        edges = self.edges()
        middles: Floats = (edges[1:] + edges[:-1]) / (2 * self.rate)
        return middles


def block_edges(blocks: int, rate: int) -> npt.NDArray[np.int64]:
    """Frames at which ``blocks`` consecutive 10 ms blocks begin, plus where the last ends."""
    return np.arange(blocks + 1, dtype=np.int64) * rate // BLOCKS_PER_SECOND


def lufs(mean_square: float) -> float | None:
    """Loudness of a weighted mean square (BS.1770-4 equation 2); None for silence."""
    return _OFFSET + 10 * math.log10(mean_square) if mean_square > 0 else None


def lufs_curve(mean_squares: Floats) -> Floats:
    """`lufs` of every value, NaN for silence."""
    curve = np.full(len(mean_squares), np.nan)
    heard = mean_squares > 0
    curve[heard] = _OFFSET + 10 * np.log10(mean_squares[heard])
    return curve


def integrated(momentary: Floats) -> float | None:
    """Programme loudness from momentary mean squares at a 10 ms hop: absolute gate, then relative gate."""
    loud = _above(momentary[::GATING_HOP_BLOCKS], _mean_square(_ABSOLUTE_GATE))
    if not len(loud):
        return None
    kept = _above(loud, float(loud.mean()) * 10 ** (_RELATIVE_GATE / 10))
    return lufs(float(kept.mean()))


def loudness_range(short_term: Floats) -> float | None:
    """LRA in LU from short-term mean squares at a 10 ms hop (EBU Tech 3342): the 10 to 95 percentile spread."""
    loud = _above(short_term[::GATING_HOP_BLOCKS], _mean_square(_ABSOLUTE_GATE))
    if not len(loud):
        return None
    kept = _above(loud, float(loud.mean()) * 10 ** (_RANGE_GATE / 10))
    low, high = np.percentile(lufs_curve(kept), [_RANGE_LOW, _RANGE_HIGH], method="nearest")
    return float(high - low)


def ungated(energies: Energies, inside: npt.NDArray[np.bool_]) -> float | None:
    """Loudness of the blocks marked ``inside``, without any gate (BS.1770-1)."""
    frames = int(np.diff(energies.edges())[inside].sum())
    return lufs(float(energies.sums[inside].sum()) / frames) if frames else None


def _mean_square(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def _above(values: Floats, gate: float) -> Floats:
    return values[values > gate]
