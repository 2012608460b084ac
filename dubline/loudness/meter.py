"""A streaming loudness meter: ITU-R BS.1770-4, EBU Tech 3341 and 3342, all figures in one pass."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader
from dubline.errors import BadInput, Cancelled
from dubline.loudness import windows
from dubline.loudness.energy import Weighing
from dubline.loudness.measurement import Measurement
from dubline.loudness.peaks import PeakMeter


class Meter:
    """Measures a stream given block by block; the figures do not depend on how it was cut.

    Blocks are ``(frames, channels)`` float32, full scale 1.0, at ``rate`` Hz in ``layout``. Memory holds the energy
    and the peaks of every 10 ms, from which all figures are taken, and a second of sound. ``where`` names the stream
    in errors.
    """

    def __init__(self, rate: int, layout: Layout, *, where: str = "audio") -> None:
        self.rate = rate
        self.layout = layout
        self.frames = 0
        self._where = where
        self._weighing = Weighing(rate, layout)
        self._peaks = PeakMeter(rate, layout.channels)
        # Arrays that grow in place: 12 bytes for 10 ms.
        self._sums = array("f")
        self._sample_peaks = array("f")
        self._true_peaks = array("f")
        # Whole seconds hold whole 10 ms blocks at every rate, so cutting there makes the caller's cuts vanish.
        self._second: Block = np.zeros((rate, layout.channels), dtype=np.float32)
        self._filled = 0
        self._finished = False

    def process(self, block: Block) -> None:
        """Take the next ``block``, ``(frames, channels)`` float32; raises `BadInput` for NaN or infinity."""
        if self._finished:
            raise ValueError("the meter has given its figures; measure a new stream with a new meter")
        if block.ndim != 2 or block.shape[1] != self.layout.channels:
            raise ValueError(f"block {block.shape} does not fit {self.layout.name}")
        at = 0
        while at < len(block):
            take = min(self.rate - self._filled, len(block) - at)
            self._second[self._filled : self._filled + take] = block[at : at + take]
            self._filled += take
            at += take
            if self._filled == self.rate:
                self._measure_second()

    def measurement(self, speech: Spans | None = None, span: tuple[float, float] | None = None) -> Measurement:
        """All figures of the stream so far, which ends it; dialogue figures need the ``speech`` spans.

        With ``span``, start and end in seconds, those of that segment, taken from the same 10 ms blocks. Raises
        `BadInput` for a segment that does not lie in the stream, or holds no whole block.
        """
        self._finish()
        first, last = (0, len(self._true_peaks)) if span is None else self._blocks_of(*span)
        energies = self._energies().part(first, min(last, len(self._sums)))
        integrated, max_momentary = _gated(energies, windows.MOMENTARY_BLOCKS, windows.integrated)
        lra, max_short_term = _gated(energies, windows.SHORT_TERM_BLOCKS, windows.loudness_range)
        dialogue = energies.within(speech) if speech is not None else None
        dialogue_lra = _gated(dialogue, windows.SHORT_TERM_BLOCKS, windows.loudness_range)[0] if dialogue else None
        return Measurement(
            integrated_lufs=integrated,
            dialogue_lufs=windows.ungated(dialogue) if dialogue else None,
            dialogue_fraction=len(dialogue.sums) / max(len(energies.sums), 1) if dialogue else None,
            lra_lu=lra,
            max_momentary_lufs=max_momentary,
            max_short_term_lufs=max_short_term,
            true_peak_dbtp=_highest(_view(self._true_peaks)[first:last]),
            sample_peak_dbfs=_highest(_view(self._sample_peaks)[first:last]),
            duration_seconds=(self._edge(last) - self._edge(first)) / self.rate,
            sample_rate=self.rate,
            channels=self.layout.channels,
            layout=self.layout.name,
            ungated_lufs=windows.ungated(energies),
            dialogue_lra_lu=dialogue_lra,
        )

    def curves(self) -> pa.Table:
        """Loudness and true peak by tenths of a second; ends the stream.

        Columns ``time_seconds`` (where the 100 ms end; the last may be cut short), ``momentary_lufs`` and
        ``short_term_lufs`` (the largest of the windows that end in them, at a hop of 10 ms), ``true_peak_dbtp``;
        null where all is silent or no window is full yet. Their largest values are those of `measurement`.
        """
        self._finish()
        hop = windows.GATING_HOP_BLOCKS
        starts = np.arange(0, len(self._true_peaks), hop)
        return pa.table(
            {
                "time_seconds": np.minimum((starts + hop) / windows.BLOCKS_PER_SECOND, self.frames / self.rate),
                "momentary_lufs": self._curve(windows.MOMENTARY_BLOCKS, len(starts)),
                "short_term_lufs": self._curve(windows.SHORT_TERM_BLOCKS, len(starts)),
                "true_peak_dbtp": pa.array(
                    _decibels(np.maximum.reduceat(_view(self._true_peaks), starts) if len(starts) else np.zeros(0)),
                    from_pandas=True,
                ),
            }
        )

    def _curve(self, blocks: int, rows: int) -> pa.Array:
        """Loudness of the largest windows of ``blocks`` blocks, for all ``rows`` tenths of a second; null for none."""
        _, largest = self._energies().hops(blocks)
        curve = np.full(rows, np.nan)
        full = blocks // windows.GATING_HOP_BLOCKS - 1
        curve[full : full + len(largest)] = windows.lufs_curve(largest)
        return pa.array(curve, from_pandas=True)

    def _energies(self) -> windows.Energies:
        return windows.Energies(_view(self._sums), self.rate)

    def _blocks_of(self, start: float, end: float) -> tuple[int, int]:
        """The blocks from ``start`` to ``end`` seconds, each edge at the nearest 10 ms; the very end holds the rest."""
        first, last = (round(at * windows.BLOCKS_PER_SECOND) for at in (start, end))
        if abs(end - self.frames / self.rate) * windows.BLOCKS_PER_SECOND < 1:
            last = len(self._true_peaks)
        if not 0 <= first < last <= len(self._true_peaks):
            raise BadInput(
                f"no segment from {start:g} to {end:g} s",
                self._where,
                f"give a start and a later end within its {self.frames / self.rate:.3f} s",
            )
        return first, last

    def _edge(self, block: int) -> int:
        return min(block * self.rate // windows.BLOCKS_PER_SECOND, self.frames)

    def _finish(self) -> None:
        if self._finished:
            return
        if self._filled:
            self._measure_second()
        ringing = self._peaks.finish()
        if self._true_peaks:
            self._true_peaks[-1] = max(self._true_peaks[-1], ringing)
        self._finished = True

    def _measure_second(self) -> None:
        """Measure what is buffered: a second, or at the end of the stream what is left."""
        samples = np.ascontiguousarray(self._second[: self._filled].T)
        self._require_finite(samples)
        edges = windows.block_edges(0, windows.BLOCKS_PER_SECOND, self.rate)
        sample_peaks, true_peaks = self._peaks.process(samples, edges[edges < self._filled])
        self._sample_peaks.frombytes(sample_peaks.tobytes())
        self._true_peaks.frombytes(true_peaks.tobytes())
        energies = self._weighing.weigh(samples, edges[edges <= self._filled])
        self._sums.frombytes(energies.astype(np.float32).tobytes())
        self.frames += self._filled
        self._filled = 0

    def _require_finite(self, samples: npt.NDArray[np.float32]) -> None:
        if math.isfinite(samples.max()) and math.isfinite(samples.min()):
            return
        channel, frame = np.argwhere(~np.isfinite(samples))[0]
        at = (self.frames + int(frame)) / self.rate
        raise BadInput(
            "samples are not finite",
            f"{self._where}, channel {self.layout.tags[channel]} at {at:.3f} s",
            "render the file again without NaN or infinite samples",
        )


def meter_wav(
    path: Path,
    *,
    where: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Meter:
    """A meter that has heard a WAV or RF64 file, read once in blocks; ``where`` is what errors call the file.

    Raises `BadInput` for a file that is not audio or holds samples that are not finite, `Cancelled` when asked.
    """
    with WavReader(path) as reader:
        meter = Meter(reader.rate, reader.layout, where=where or str(path))
        done = 0
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled("measuring was stopped", str(path), "start it again when ready")
            meter.process(block)
            done += len(block)
            if progress is not None:
                progress(done, reader.frames)
    return meter


def measure_wav(
    path: Path,
    *,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Measurement, pa.Table]:
    """Figures and curves of a WAV or RF64 file; raises what `meter_wav` raises."""
    meter = meter_wav(path, progress=progress, cancelled=cancelled)
    return meter.measurement(speech), meter.curves()


def _gated(
    energies: windows.Energies, blocks: int, figure: Callable[[windows.Floats], float | None]
) -> tuple[float | None, float | None]:
    """``figure`` of the windows of ``blocks`` blocks at every 100 ms, and the loudness of the largest at any 10 ms."""
    gating, largest = energies.hops(blocks)
    return figure(gating), windows.lufs(float(largest.max(initial=0.0)))


def _view(stored: array[float]) -> npt.NDArray[np.float32]:
    return np.frombuffer(stored, np.float32)


def _highest(peaks: npt.NDArray[np.float32]) -> float | None:
    """The largest of linear ``peaks`` in decibels; None for silence."""
    peak = float(peaks.max(initial=0.0))
    return 20 * math.log10(peak) if peak > 0 else None


def _decibels(peaks: npt.NDArray[np.floating]) -> windows.Floats:
    """Every one of linear ``peaks`` in decibels, NaN for silence."""
    curve = np.full(len(peaks), np.nan)
    curve[peaks > 0] = 20 * np.log10(peaks[peaks > 0].astype(np.float64))
    return curve
