"""Null tests: what is left when stems are subtracted from their mix. Nothing may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput, Cancelled

Samples = npt.NDArray[np.floating[Any]]

# Far under the last bit of 24 (-138 dBFS) and of float32 at full scale: not told from nothing.
FLOOR_DBFS = -200.0


@dataclass(frozen=True, slots=True)
class Residual:
    """What is left of a subtraction, per channel of ``layout``: its peak and its level, dBFS.

    ``relative_db`` is the residual's energy over the whole's, None for a channel that is silent in the whole;
    ``correlation`` that of part and whole, -1 where a channel is upside down, None where either is silent.
    """

    layout: Layout
    frames: int
    peak_dbfs: tuple[float, ...]
    rms_dbfs: tuple[float, ...]
    relative_db: tuple[float | None, ...]
    correlation: tuple[float | None, ...]

    @property
    def worst_dbfs(self) -> float:
        """The largest sample left in any channel."""
        return max(self.peak_dbfs)


class NullMeter:
    """Subtracts two streams of one layout, given in blocks of any and unequal lengths."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pending: tuple[list[Samples], list[Samples]] = ([], [])
        self._frames = 0
        self._peak = np.zeros(layout.channels)
        self._left = np.zeros(layout.channels)
        self._whole = np.zeros(layout.channels)
        self._part = np.zeros(layout.channels)

    def whole(self, block: Samples) -> None:
        """The next ``block``, ``(frames, channels)``, of what is subtracted from."""
        self._pending[0].append(block)
        self._subtract()

    def part(self, block: Samples) -> None:
        """The next ``block``, ``(frames, channels)``, of what is subtracted."""
        self._pending[1].append(block)
        self._subtract()

    def residual(self) -> Residual:
        """What is left so far, over the frames both streams have given."""
        return Residual(
            self._layout,
            self._frames,
            tuple(decibels(float(peak)) for peak in self._peak),
            tuple(decibels(math.sqrt(float(energy) / max(self._frames, 1))) for energy in self._left),
            tuple(
                None if whole == 0.0 else decibels(math.sqrt(float(left / whole)))
                for left, whole in zip(self._left, self._whole, strict=True)
            ),
            tuple(
                # |whole - part|^2 holds the product of both.
                None if not whole * part else float((whole + part - left) / (2.0 * math.sqrt(whole * part)))
                for left, whole, part in zip(self._left, self._whole, self._part, strict=True)
            ),
        )

    def _subtract(self) -> None:
        frames = min(sum(len(block) for block in side) for side in self._pending)
        if not frames:
            return
        whole, part = (_take(side, frames) for side in self._pending)
        rows = zip(_rows(whole), _rows(part), _rows(whole - part), strict=True)
        for channel, (mix, given, left) in enumerate(rows):
            self._peak[channel] = max(self._peak[channel], left.max(), -left.min())
            self._left[channel] += np.dot(left, left)
            self._whole[channel] += np.dot(mix, mix)
            self._part[channel] += np.dot(given, given)
        self._frames += frames


def null_error(
    parts: Sequence[Path],
    whole: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Residual:
    """What is left of the WAV ``whole`` after taking every WAV of ``parts`` from it, sample by sample.

    Raises `BadInput` when rate, layout or length differ: then nothing can be said sample by sample.
    """
    with WavReader(whole) as mix:
        meter = NullMeter(mix.layout)
        readers = [WavReader(part) for part in parts]
        try:
            for reader in readers:
                _require_alike(reader, mix)
            streams = [reader.blocks() for reader in readers]
            for block in mix.blocks():
                if cancelled is not None and cancelled():
                    raise Cancelled("the null test was stopped", str(whole), "start it again when ready")
                total = np.zeros(block.shape)
                for stream in streams:
                    total += next(stream)
                meter.whole(block)
                meter.part(total)
                if progress is not None:
                    progress(meter.residual().frames, mix.frames)
        finally:
            for reader in readers:
                reader.__exit__(None, None, None)
    return meter.residual()


def decibels(amplitude: float) -> float:
    """``amplitude`` in dB relative to full scale, rounded to 0.01 dB and never under `FLOOR_DBFS`."""
    return round(max(20.0 * math.log10(amplitude), FLOOR_DBFS), 2) if amplitude > 0.0 else FLOOR_DBFS


def _require_alike(reader: WavReader, mix: WavReader) -> None:
    theirs, ours = ((item.rate, item.layout, item.frames) for item in (reader, mix))
    if theirs != ours:
        raise BadInput(
            f"{reader.frames} frames of {reader.layout.name} at {reader.rate} Hz do not add up to "
            f"{mix.frames} of {mix.layout.name} at {mix.rate} Hz",
            str(reader.path),
            "compare stems with the mix they were separated from",
        )


def _rows(block: Samples) -> Samples:
    """Channels as rows that lie together in memory, ``(channels, frames)``: summing them is several times faster."""
    rows: Samples = np.ascontiguousarray(block.T)
    return rows


def _take(pending: list[Samples], frames: int) -> Samples:
    """The first ``frames`` of the ``pending`` blocks, which are taken out of the list."""
    joined = np.concatenate(pending) if len(pending) > 1 else pending[0]
    pending[:] = [joined[frames:]] if len(joined) > frames else []
    return joined[:frames]
