"""A streaming loudness meter: ITU-R BS.1770-4, EBU Tech 3341 and 3342, all figures in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.signal import sosfilt

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader
from dubline.errors import BadInput, Cancelled
from dubline.loudness import windows
from dubline.loudness.kweighting import sections
from dubline.loudness.measurement import Measurement
from dubline.loudness.peaks import PeakMeter

# BS.1770-4 table 3, by loudspeaker: surrounds weigh 1.41 wherever the layout puts them, the LFE is not heard.
_SURROUND_WEIGHT = 1.41
_SURROUNDS = frozenset({"SL", "SR", "BL", "BR"})

# Filter memory below this is silence; left alone it decays into denormal numbers, which are very slow to compute.
_NEGLIGIBLE = 1e-30


def channel_weights(layout: Layout) -> npt.NDArray[np.float64]:
    """Weight of every channel of ``layout`` in the loudness sum, shape ``(channels,)``."""
    weights = {"LFE": 0.0} | dict.fromkeys(_SURROUNDS, _SURROUND_WEIGHT)
    return np.array([weights.get(tag, 1.0) for tag in layout.tags])


class Meter:
    """Measures a stream given block by block; the figures do not depend on how it was cut.

    Blocks are ``(frames, channels)`` float32, full scale 1.0, at ``rate`` Hz in ``layout``. Memory holds one
    energy per 10 ms and a second of sound. ``where`` names the stream in errors.
    """

    def __init__(self, rate: int, layout: Layout, *, where: str = "audio") -> None:
        self.rate = rate
        self.layout = layout
        self.frames = 0
        self._where = where
        weights = channel_weights(layout)
        self._heard = np.flatnonzero(weights)
        self._weights = weights[self._heard]
        self._sections = sections(rate)
        self._memory = np.zeros((len(self._sections), len(self._heard), 2))
        self._peaks = PeakMeter(rate, layout.channels)
        self._sums: list[windows.Floats] = []
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

    def measurement(self, speech: Spans | None = None) -> Measurement:
        """All figures of the stream so far, which ends it; dialogue figures need the ``speech`` spans."""
        energies = self._energies()
        momentary = energies.mean_squares(windows.MOMENTARY_BLOCKS)
        short_term = energies.mean_squares(windows.SHORT_TERM_BLOCKS)
        inside = None if speech is None else speech.covers(energies.times())
        return Measurement(
            integrated_lufs=windows.integrated(momentary),
            dialogue_lufs=None if inside is None else windows.ungated(energies, inside),
            dialogue_fraction=None if inside is None else float(inside.mean()) if len(inside) else 0.0,
            lra_lu=windows.loudness_range(short_term),
            max_momentary_lufs=windows.lufs(float(momentary.max(initial=0.0))),
            max_short_term_lufs=windows.lufs(float(short_term.max(initial=0.0))),
            true_peak_dbtp=_decibels(self._peaks.true_peak),
            sample_peak_dbfs=_decibels(self._peaks.sample_peak),
            duration_seconds=self.frames / self.rate,
            sample_rate=self.rate,
            channels=self.layout.channels,
            layout=self.layout.name,
        )

    def curves(self) -> pa.Table:
        """Momentary and short-term loudness every 100 ms; ends the stream.

        Columns ``time_seconds`` (the end of both windows), ``momentary_lufs``, ``short_term_lufs``; null where
        a window is silent or not yet full.
        """
        energies = self._energies()
        hop = windows.GATING_HOP_BLOCKS
        times = np.arange(hop, len(energies.sums) + 1, hop) / windows.BLOCKS_PER_SECOND
        columns: dict[str, pa.Array] = {"time_seconds": pa.array(times)}
        for name, blocks in (
            ("momentary_lufs", windows.MOMENTARY_BLOCKS),
            ("short_term_lufs", windows.SHORT_TERM_BLOCKS),
        ):
            curve = np.full(len(times), np.nan)
            values = windows.lufs_curve(energies.mean_squares(blocks)[::hop])
            curve[blocks // hop - 1 :] = values
            columns[name] = pa.array(curve, from_pandas=True)
        return pa.table(columns)

    def _energies(self) -> windows.Energies:
        if not self._finished:
            if self._filled:
                self._measure_second()
            self._peaks.finish()
            self._finished = True
        return windows.Energies(np.concatenate([np.zeros(0), *self._sums]), self.rate)

    def _measure_second(self) -> None:
        """Measure what is buffered: a second, or at the end of the stream what is left."""
        samples = np.ascontiguousarray(self._second[: self._filled].T)
        self._require_finite(samples)
        self._peaks.process(samples)
        self._sums.append(self._weigh(samples))
        self.frames += self._filled
        self._filled = 0

    def _weigh(self, samples: npt.NDArray[np.float32]) -> windows.Floats:
        """Weighted energy of every whole 10 ms block of ``samples``, ``(channels, frames)``."""
        frames = samples.shape[1]
        edges = windows.block_edges(windows.BLOCKS_PER_SECOND, self.rate)
        edges = edges[edges <= frames]
        self._memory[np.abs(self._memory) < _NEGLIGIBLE] = 0.0
        loudness, self._memory = sosfilt(
            # float32 in, double precision inside and out, as the coefficients are.
            self._sections,
            samples[self._heard],
            axis=1,
            zi=self._memory,
        )
        if len(edges) < 2:
            return np.zeros(0)
        squares = np.square(loudness[:, : edges[-1]], out=loudness[:, : edges[-1]])
        energies: windows.Floats = self._weights @ np.add.reduceat(squares, edges[:-1], axis=1)
        return energies

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


def measure_wav(
    path: Path,
    *,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Measurement, pa.Table]:
    """Figures and curves of a WAV or RF64 file, read once in blocks.

    Raises `BadInput` for a file that is not audio or holds samples that are not finite, `Cancelled` when asked.
    """
    with WavReader(path) as reader:
        meter = Meter(reader.rate, reader.layout, where=str(path))
        done = 0
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled("measuring was stopped", str(path), "start it again when ready")
            meter.process(block)
            done += len(block)
            if progress is not None:
                progress(done, reader.frames)
    return meter.measurement(speech), meter.curves()


def _decibels(peak: float) -> float | None:
    return 20 * math.log10(peak) if peak > 0 else None
