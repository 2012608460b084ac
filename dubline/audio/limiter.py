"""A look-ahead true-peak limiter over blocks: one gain for all channels, and no change at all where none is needed.

The reduction that every frame needs is held over the look-ahead, let go slowly, and smoothed over the look-ahead
again: each smoothed value is a mean of values that all suffice for its frame, so the gain is down when the peak comes.
A gain that moves so slowly (its spectrum ends below 1 kHz) raises nothing between samples: limited and interpolated is
interpolated and limited, so one pass does.

Peaks are read as ITU-R BS.1770-4, Annex 2 reads them, at twice its rate: meters whose points lie elsewhere between the
samples then find no more. The LFE counts and is gained like the rest: its peaks are judged too, and a gain of its own
would shift the crossover of every bass-managed room.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.loudness.peaks import banded, interpolator, oversampling

Floats = npt.NDArray[np.float64]

# Half the look-ahead: how long a gain is held on both sides of its peak, and half of what it is smoothed over.
HOLD_SECONDS = 0.002
# Time constant of the recovery in dB: slow enough not to follow the waveform of a bass note.
RELEASE_SECONDS = 0.15
# Where something is limited at all, it is limited to this far under the ceiling: room for meters that interpolate
# with another filter.
MARGIN_DB = 0.05
# Recovery aims this far beyond 0 dB, so that it arrives there instead of creeping up for ever.
_BEYOND_DB = 0.05
# Less than this is rounding.
_NEGLIGIBLE_DB = 1e-6

# The sound is worked on in pieces of this many frames, whatever blocks it comes in.
_PIECE = 16384
# Outputs per row of the interpolation, and rows per product: small enough that BLAS does not split one over threads.
_ROW, _BATCH = 32, 16


class Limiter:
    """Keeps the true peaks of a stream at ``rate`` Hz under ``ceiling_dbtp``; frame ``i`` out is frame ``i`` in.

    Blocks are ``(frames, channels)`` float32, all finite. What `process` gives lags behind what it took by the
    look-ahead; `flush` gives the rest, so that both together have the length of the input. How the stream was cut
    into blocks changes no bit of it. Frames whose gain is 1 come out as they went in.
    """

    def __init__(
        self, rate: int, layout: Layout, ceiling_dbtp: float, *, release_seconds: float = RELEASE_SECONDS
    ) -> None:
        self.limited_db = 0.0
        """The largest reduction so far; 0 where nothing was limited."""
        self.limited_frames = 0
        """How many frames so far were lowered."""
        ceiling = 10.0 ** (ceiling_dbtp / 20.0)
        self._envelope = _Envelope(rate, layout.channels, floor=ceiling)
        self._gain = _Reduction(rate, ceiling, release_seconds)
        self._delay = self._envelope.delay + self._gain.delay
        self._late: Block = np.zeros((self._delay, layout.channels), np.float32)
        self._piece: Block = np.zeros((_PIECE, layout.channels), np.float32)
        self._filled = 0
        self._taken = 0
        self._given = -self._delay

    def process(self, block: Block) -> Block:
        """Take ``block``; the frames that are ready, which may be none or more than it had."""
        if block.ndim != 2 or block.shape[1] != self._piece.shape[1]:
            raise ValueError(f"block {block.shape} does not have {self._piece.shape[1]} channels")
        self._taken += len(block)
        return self._feed(block)

    def flush(self) -> Block:
        """The frames still held back, which ends the stream."""
        short = -(self._taken + self._delay) % _PIECE
        return self._feed(np.zeros((self._delay + short, self._piece.shape[1]), np.float32))

    def _feed(self, block: Block) -> Block:
        ready = [self._piece[:0].copy()]
        at = 0
        while at < len(block):
            take = min(_PIECE - self._filled, len(block) - at)
            self._piece[self._filled : self._filled + take] = block[at : at + take]
            self._filled += take
            at += take
            if self._filled == _PIECE:
                ready.append(self._limit(self._piece))
                self._filled = 0
        return np.concatenate(ready)

    def _limit(self, piece: Block) -> Block:
        line = np.concatenate([self._late, piece])
        out, self._late = line[:_PIECE], line[_PIECE:].copy()
        # What comes out before the stream's first frame and after its last is not part of it.
        inside = slice(max(-self._given, 0), max(min(self._taken - self._given, _PIECE), 0))
        self._given += _PIECE
        reduction = self._gain.process(self._envelope.process(piece))
        if reduction is None:
            return out[inside]
        self.limited_db = max(self.limited_db, float(reduction[inside].max(initial=0.0)))
        self.limited_frames += int(np.count_nonzero(reduction[inside]))
        gain = np.power(10.0, reduction / -20.0).astype(np.float32)
        return (out * gain[:, None])[inside]


class _Reduction:
    """How many dB to take off, from the envelope, ``delay`` frames behind it."""

    def __init__(self, rate: int, ceiling: float, release_seconds: float) -> None:
        hold = round(HOLD_SECONDS * rate)
        self.delay = 2 * hold
        self._ceiling = ceiling
        window = np.hanning(2 * hold + 3)[1:-1]
        self._window = window / window.sum()
        self._fall = np.arange(1, _PIECE + 1) / (release_seconds * rate)
        self._level = 0.0
        self._needed = np.zeros(2 * hold)
        self._released = np.zeros(2 * hold)

    def process(self, envelope: Floats | None) -> Floats | None:
        """``(piece,)`` in and out; None in: nothing passes the ceiling, None out: nothing is taken off."""
        if envelope is None and not (self._level or self._needed.any() or self._released.any()):
            return None
        width = len(self._window)
        needed = np.concatenate([self._needed, self._need(envelope)])
        held = maximum_filter1d(needed, width)[width // 2 : len(needed) - width // 2]
        released = np.concatenate([self._released, self._release(held)])
        self._needed, self._released = needed[1 - width :], released[1 - width :]
        # Not by FFT, whose rounding would leave no gain at exactly 1.
        smooth: Floats = np.convolve(released, self._window, "valid")
        return smooth

    def _need(self, envelope: Floats | None) -> Floats:
        needed = np.zeros(_PIECE)
        if envelope is not None:
            over = envelope > self._ceiling
            needed[over] = 20.0 * np.log10(envelope[over] / self._ceiling) + MARGIN_DB
        return needed

    def _release(self, held: Floats) -> Floats:
        """The least curve nowhere below ``held`` that falls no faster than the release."""
        # The largest of all earlier levels, each decayed since, is a running maximum of logarithms.
        earlier = np.log(self._level + _BEYOND_DB)
        risen = np.maximum.accumulate(np.log(held + _BEYOND_DB) + self._fall)
        level: Floats = np.exp(np.maximum(risen, earlier) - self._fall) - _BEYOND_DB
        level[level < _NEGLIGIBLE_DB] = 0.0
        np.maximum(level, held, out=level)
        self._level = float(level[-1])
        return level


class _Envelope:
    """The largest magnitude at and around every frame over all channels, ``delay`` frames behind.

    Only rows that could pass ``floor`` are interpolated: a phase magnifies its input by the sum of its taps at most.
    """

    def __init__(self, rate: int, channels: int, *, floor: float) -> None:
        taps = interpolator(2 * oversampling(rate))
        self._reach = taps.shape[1] - 1
        self.delay = taps.shape[1] // 2
        self._floor = floor
        # The margin covers float32 rounding in the product below.
        self._worst_gain = max(float(np.abs(taps).sum(axis=1).max(initial=0.0)), 1.0) * (1 + 1e-5)
        self._matrix = banded(taps, _ROW)
        self._pending = np.zeros((channels, self._reach), np.float32)
        self._last_gap = 0.0

    def process(self, piece: Block) -> Floats | None:
        """``(piece, channels)`` in, ``(piece,)`` out; None where no peak passes the floor."""
        signal = np.concatenate([self._pending, piece.T], axis=1)
        self._pending = signal[:, _PIECE:].copy()
        last_gap, self._last_gap = self._last_gap, 0.0
        bounds = _row_bounds(signal) * self._worst_gain
        if bounds.max() <= self._floor and last_gap <= self._floor:
            return None
        gaps = self._gaps(signal, bounds)
        self._last_gap = float(gaps[-1])
        first = self._reach - self.delay
        envelope: Floats = np.abs(signal[:, first : first + _PIECE]).max(axis=0).astype(np.float64)
        # A point between two frames belongs to both.
        np.maximum(envelope, gaps, out=envelope)
        np.maximum(envelope[1:], gaps[:-1], out=envelope[1:])
        envelope[0] = max(envelope[0], last_gap)
        return envelope

    def _gaps(self, signal: npt.NDArray[np.float32], bounds: Floats) -> Floats:
        """The largest interpolated magnitude after each frame, ``(piece,)``; 0 in rows that cannot pass the floor."""
        gaps = np.zeros((_PIECE // _ROW, _ROW))
        windows = np.lib.stride_tricks.sliding_window_view(signal, _ROW + self._reach, axis=1)[:, ::_ROW]
        channels, rows = np.nonzero(bounds > self._floor)
        for at in range(0, len(rows), _BATCH):
            batch = rows[at : at + _BATCH]
            between = np.abs(windows[channels[at : at + _BATCH], batch] @ self._matrix)
            np.maximum.at(gaps, batch, between.reshape(len(batch), _ROW, -1).max(axis=2))
        return gaps.ravel()


def _row_bounds(signal: npt.NDArray[np.float32]) -> Floats:
    """``(channels, rows)``: no sample a row uses is larger in magnitude. It sees its own piece and part of the next."""
    starts = np.arange(0, _PIECE + 1, _ROW)
    pieces = np.maximum.reduceat(np.abs(signal), starts, axis=1).astype(np.float64)
    return np.maximum(pieces[:, :-1], pieces[:, 1:])
