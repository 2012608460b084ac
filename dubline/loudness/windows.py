"""From energies of 10 ms to loudness figures: sliding windows, gates, loudness range.

Sources: ITU-R BS.1770-4 Annex 1 (gating blocks), BS.1770-1 (no gate), EBU Tech 3341 (momentary, short-term),
EBU Tech 3342 (LRA).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.spans import Spans

Floats = npt.NDArray[np.float64]

# Windows are counted in these per second. 10 ms is the hop that finds the true maximum of a 400 ms burst
# (EBU Tech 3341 cases 13 and 14); with 100 ms it is under-read by up to half a LU.
BLOCKS_PER_SECOND = 100
MOMENTARY_BLOCKS = 40
SHORT_TERM_BLOCKS = 300
# Gating blocks of 400 ms overlap by 75 % (BS.1770-4); short-term values for the LRA come at 10 Hz, overlapping by
# 2.9 s (EBU Tech 3342).
GATING_HOP_BLOCKS = 10

_OFFSET = -0.691
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_RANGE_GATE = -20.0
_RANGE_LOW, _RANGE_HIGH = 10.0, 95.0

# Blocks worked on at once: a minute, so that a long title needs no more memory than a short one.
_PART_BLOCKS = 6000


@dataclass(frozen=True, slots=True)
class Energies:
    """Channel-weighted sums of squares of consecutive 10 ms blocks at ``rate`` Hz, only whole blocks.

    The sums may be float32: a millionth of a decibel, and half the memory of a title. What is made of them is float64.
    ``first`` is the number of the first block in the stream. At rates that 100 does not divide, block ``k`` begins
    at frame ``floor(k * rate / 100)``.
    """

    sums: Floats | npt.NDArray[np.float32]
    rate: int
    first: int = 0

    def part(self, start: int, stop: int) -> Energies:
        """Blocks ``start`` to ``stop`` (exclusive), counted from the first of these."""
        return Energies(self.sums[start:stop], self.rate, self.first + start)

    def edges(self) -> npt.NDArray[np.int64]:
        """First frame of every block, and the frame after the last."""
        return block_edges(self.first, len(self.sums), self.rate)

    def mean_squares(self, blocks: int) -> Floats:
        """Mean square of every window of ``blocks`` blocks (a multiple of ten), one for each block it may begin at."""
        if len(self.sums) < blocks:
            return np.zeros(0)
        # Tens first, then tens of them: summed afresh for each window (a running sum would leave
        # the rounding error of a loud scene in the silence that follows).
        tens = _sliding_sums(self.sums.astype(np.float64), GATING_HOP_BLOCKS, step=1)
        totals = _sliding_sums(tens, blocks // GATING_HOP_BLOCKS, step=GATING_HOP_BLOCKS)
        edges = self.edges()
        totals /= edges[blocks:] - edges[:-blocks]
        return totals

    def hops(self, blocks: int) -> tuple[Floats, Floats]:
        """Mean squares of windows of ``blocks`` blocks, for every 100 ms at whose end a window ends.

        First of the window that ends there (the gating blocks), then the largest of all that end in these 100 ms.
        The second array is longer by one where blocks are left over: windows that end after the last whole 100 ms.
        """
        windows = max(len(self.sums) - blocks + 1, 0)
        lead = GATING_HOP_BLOCKS - 1
        largest = np.zeros(-(-(windows + lead) // GATING_HOP_BLOCKS) if windows else 0)
        gating = np.zeros(-(-windows // GATING_HOP_BLOCKS))
        for start in range(-lead, windows, _PART_BLOCKS) if windows else ():
            stop = min(start + _PART_BLOCKS, windows)
            padded = np.zeros(-(-(stop - start) // GATING_HOP_BLOCKS) * GATING_HOP_BLOCKS)
            padded[max(-start, 0) : stop - start] = self.part(max(start, 0), stop + blocks - 1).mean_squares(blocks)
            by_hop = padded.reshape(-1, GATING_HOP_BLOCKS)
            at = (start + lead) // GATING_HOP_BLOCKS
            largest[at : at + len(by_hop)] = by_hop.max(axis=1)
            gating[at : at + len(by_hop)] = by_hop[: len(gating) - at, -1]
        return gating, largest

    def within(self, speech: Spans) -> Energies:
        """The blocks whose middle ``speech`` covers, joined."""
        parts = (self.part(start, start + _PART_BLOCKS) for start in range(0, len(self.sums), _PART_BLOCKS))
        joined = [part.sums[speech.covers(part.middles())] for part in parts]
        return Energies(np.concatenate([self.sums[:0], *joined]), self.rate)

    def middles(self) -> Floats:
        """Middle of every block in seconds."""
        edges = self.edges()
        times: Floats = (edges[1:] + edges[:-1]) / (2 * self.rate)
        return times


def _sliding_sums(values: Floats, count: int, *, step: int) -> Floats:
    """Sums of ``count`` values that lie ``step`` apart, beginning at each value."""
    length = len(values) - (count - 1) * step
    sums = values[:length].copy()
    for at in range(1, count):
        sums += values[at * step : at * step + length]
    return sums


def block_edges(first: int, blocks: int, rate: int) -> npt.NDArray[np.int64]:
    """Frames at which ``blocks`` 10 ms blocks from number ``first`` on begin, plus where the last ends."""
    return np.arange(first, first + blocks + 1, dtype=np.int64) * rate // BLOCKS_PER_SECOND


def lufs(mean_square: float) -> float | None:
    """Loudness of a weighted mean square (BS.1770-4 equation 2); None for silence."""
    return _OFFSET + 10 * math.log10(mean_square) if mean_square > 0 else None


def lufs_curve(mean_squares: Floats) -> Floats:
    """`lufs` of every value, NaN for silence."""
    curve = np.full(len(mean_squares), np.nan)
    heard = mean_squares > 0
    curve[heard] = _OFFSET + 10 * np.log10(mean_squares[heard])
    return curve


def integrated(gating_blocks: Floats) -> float | None:
    """Programme loudness from mean squares of 400 ms every 100 ms: absolute gate, then relative gate (BS.1770-4)."""
    loud = _above(gating_blocks, _mean_square(_ABSOLUTE_GATE))
    if not len(loud):
        return None
    kept = _above(loud, float(loud.mean()) * 10 ** (_RELATIVE_GATE / 10))
    return lufs(float(kept.mean()))


def loudness_range(short_term: Floats) -> float | None:
    """LRA in LU from mean squares of 3 s every 100 ms (EBU Tech 3342): the 10 to 95 percentile spread."""
    loud = _above(short_term, _mean_square(_ABSOLUTE_GATE))
    if not len(loud):
        return None
    kept = _above(loud, float(loud.mean()) * 10 ** (_RANGE_GATE / 10))
    low, high = np.percentile(kept, [_RANGE_LOW, _RANGE_HIGH], method="nearest", overwrite_input=True)
    return 10 * math.log10(high / low)


def ungated(energies: Energies) -> float | None:
    """Loudness of all blocks, without any gate (BS.1770-1)."""
    start, stop = (block_edges(energies.first + at, 0, energies.rate)[0] for at in (0, len(energies.sums)))
    return lufs(float(energies.sums.sum(dtype=np.float64)) / int(stop - start)) if stop > start else None


def _mean_square(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


def _above(values: Floats, gate: float) -> Floats:
    return values[values > gate]
