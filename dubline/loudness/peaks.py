"""Sample peak and true peak (ITU-R BS.1770-4, Annex 2) of a stream of blocks.

Oversampling is 4x below 96 kHz, 2x below 192 kHz, none above. The interpolator is a windowed sinc whose phase 0
is the signal itself, so only the phases between samples are computed, and of those only the rows that could
still raise the maximum: a phase can magnify its input by at most the sum of its absolute taps, so a row whose
largest sample stays below the maximum divided by that sum cannot matter. The result is the same as without.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

# 24 taps per phase keep the interpolator flat within 0.1 dB up to 20 kHz at 48 kHz; the standard's example has 12.
_TAPS = 24
_KAISER_BETA = 5.0
# Outputs per row of the banded matrix: longer rows waste multiplications on its zeros, shorter ones copy more.
_ROW = 32
_REACH = _TAPS - 1
# Rows per product: few enough that BLAS does not split one over threads, which would cost more than it saves,
# and that each product's maximum can still spare the next.
_BATCH = 48


def oversampling(rate: int) -> int:
    """How many points per sample true peak is read at: 4, 2 or 1 (BS.1770-4, Annex 2, section 3)."""
    if rate < 96_000:
        return 4
    return 2 if rate < 192_000 else 1


def interpolator(factor: int) -> npt.NDArray[np.float64]:
    """Taps ``(factor - 1, 24)`` of the phases that lie between two samples, each with unit gain at 0 Hz."""
    ahead = np.arange(1, factor)[:, None] / factor
    position = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - ahead
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (position / (_TAPS / 2)) ** 2)) / np.i0(_KAISER_BETA)
    taps = np.sinc(position) * window
    normalized: npt.NDArray[np.float64] = taps / taps.sum(axis=1, keepdims=True)
    return normalized


class PeakMeter:
    """Running peaks of ``channels`` channels, linear, full scale = 1.0; the true peak counts every channel."""

    def __init__(self, rate: int, channels: int) -> None:
        factor = oversampling(rate)
        taps = interpolator(factor)
        self.sample_peak = 0.0
        self._interpolated_peak = 0.0
        # The margin covers float32 rounding in the product below.
        self._worst_gain = float(np.abs(taps).sum(axis=1).max(initial=0.0)) * (1 + 1e-5)
        self._matrix = _banded(taps).astype(np.float32)
        self._pending: Samples = np.zeros((channels, _REACH), dtype=np.float32)

    @property
    def true_peak(self) -> float:
        """The larger of the sample peak and the peak between samples so far."""
        return max(self.sample_peak, self._interpolated_peak)

    def process(self, samples: Samples) -> None:
        """Take ``samples``, ``(channels, frames)`` float32, at least one frame, all finite."""
        self.sample_peak = max(self.sample_peak, float(samples.max()), -float(samples.min()))
        if self._matrix.size:
            self._interpolate(samples)

    def finish(self) -> None:
        """Let the interpolator ring out over silence after the last sample."""
        if self._matrix.size:
            self._interpolate(np.zeros((len(self._pending), _TAPS + _ROW), dtype=np.float32))

    def _interpolate(self, samples: Samples) -> None:
        signal = np.concatenate([self._pending, samples], axis=1)
        rows = (signal.shape[1] - _REACH) // _ROW
        self._pending = signal[:, rows * _ROW :].copy()
        if not rows:
            return
        windows = np.lib.stride_tricks.sliding_window_view(signal, _ROW + _REACH, axis=1)[:, ::_ROW][:, :rows]
        self._raise(windows, _row_bounds(signal, rows) * self._worst_gain)

    def _raise(self, windows: Samples, bounds: npt.NDArray[np.float64]) -> None:
        """Compute the rows of ``windows`` ``(channels, rows, samples)`` whose ``bounds`` exceed the maximum so far."""
        candidates = np.flatnonzero(bounds > self.true_peak)
        # Loudest first: a few rows usually settle the maximum, and all others then drop out.
        candidates = candidates[np.argsort(bounds.flat[candidates])[::-1]]
        for start in range(0, len(candidates), _BATCH):
            batch = candidates[start : start + _BATCH]
            if bounds.flat[batch[0]] <= self.true_peak:
                break
            between = windows[np.unravel_index(batch, bounds.shape)] @ self._matrix
            self._interpolated_peak = max(self._interpolated_peak, float(between.max()), -float(between.min()))


def _banded(taps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The matrix ``(row + 23, row x phases)`` that interpolates one row of samples with all phases at once."""
    matrix = np.zeros((_ROW + _REACH, _ROW, len(taps)))
    for at in range(_ROW):
        matrix[at : at + _TAPS, at, :] = taps.T
    return matrix.reshape(_ROW + _REACH, -1)


def _row_bounds(signal: Samples, rows: int) -> npt.NDArray[np.float64]:
    """``(channels, rows)``: no sample that row uses is larger in magnitude. It sees its piece and part of the next."""
    starts = np.arange(rows + 1) * _ROW
    high = np.maximum.reduceat(signal, starts, axis=1)
    low = np.minimum.reduceat(signal, starts, axis=1)
    piece = np.maximum(high, -low).astype(np.float64)
    return np.maximum(piece[:, :-1], piece[:, 1:])
