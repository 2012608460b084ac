"""Spectrograms of whole films: bounded in size, in memory and in time, whatever the film's length."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block, WavReader
from dubline.errors import Cancelled
from dubline.quality.axis import Plot, level_axis, time_axis

Floats = npt.NDArray[np.float64]

COLUMNS, ROWS = 900, 150
WIDTH, HEIGHT = 960, 230
LOWEST_HZ, HIGHEST_HZ = 50.0, 20_000.0
LOWEST_DB, HIGHEST_DB = -95.0, -22.0
_TRANSFORM = 2048
# A Hann window spreads a tone's power over bins that together read this much too high.
_SPREAD = 1.5
# Of a column that stands for seconds of film, this many looks are taken, evenly: enough to meet any syllable.
_LOOKS = 24
_MARKS = ((100, "100"), (1000, "1k"), (10_000, "10k"))


def spectrogram(path: Path, *, cancelled: Callable[[], bool] | None = None) -> Floats:
    """Power of a WAV in dB, ``(ROWS, columns)``, high frequencies first, rows spaced by logarithm.

    A row is the power inside its band, all channels together: a sine at full scale reads 0 dB, or 2 less where a
    row is narrower than a bin. A film of any length gives at most `COLUMNS` columns. Raises `Cancelled`.
    """
    with WavReader(path) as reader:
        width = max(-(-reader.frames // COLUMNS), _TRANSFORM)
        pool = _pooling(reader.rate)
        columns = []
        for block in reader.blocks(width):
            if cancelled is not None and cancelled():
                raise Cancelled("drawing was stopped", str(path), "start it again when ready")
            columns.append(pool @ _power(block))
    powers = np.array(columns).T if columns else np.zeros((ROWS, 1))
    decibels: Floats = 10.0 * np.log10(np.maximum(powers, 1e-20))
    return decibels


def spectrogram_svg(picture: Floats, *, seconds: float, marked: Sequence[tuple[float, float]] = ()) -> str:
    """An ``<svg>`` around ``picture`` (what `spectrogram` gave), with ``marked`` spans underlined on top."""
    plot = Plot(44, 12, WIDTH - 56, HEIGHT - 40, max(seconds, 1e-3))
    encoded = base64.b64encode(_png(picture)).decode()
    span = np.log(HIGHEST_HZ / LOWEST_HZ)
    marks = tuple((plot.top + plot.height * float(np.log(HIGHEST_HZ / hertz) / span), name) for hertz, name in _MARKS)
    spans = "".join(
        f'<rect class="event" x="{plot.x(start):.1f}" y="2" '
        f'width="{max(plot.x(min(end, seconds)) - plot.x(start), 1.5):.1f}" height="7"/>'
        for start, end in marked
        if start < seconds
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Spectrogram, 50 Hz to 20 kHz">'
        f'<image x="{plot.left}" y="{plot.top}" width="{plot.width}" height="{plot.height}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{encoded}"/>'
        f"{level_axis(plot, marks)}{time_axis(plot)}{spans}</svg>"
    )


def _png(picture: Floats) -> bytes:
    scaled = np.clip((picture - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0.0, 1.0)
    colored = (mpl.colormaps["magma"](scaled)[:, :, :3] * 255).round().astype(np.uint8)
    buffer = io.BytesIO()
    # The default names matplotlib's version: the same sound must give the same bytes after an update.
    matplotlib.image.imsave(buffer, colored, format="png", metadata={"Software": "dubline"})
    return buffer.getvalue()


def _power(block: Block) -> Floats:
    """Mean power spectrum of a column, summed over channels, ``(_TRANSFORM // 2 + 1,)``."""
    if len(block) < _TRANSFORM:
        block = np.pad(block, ((0, _TRANSFORM - len(block)), (0, 0)))
    looks = min(_LOOKS, 1 + (len(block) - _TRANSFORM) // (_TRANSFORM // 2))
    starts = np.linspace(0, len(block) - _TRANSFORM, looks).astype(int)
    window = np.hanning(_TRANSFORM)
    total = np.zeros(_TRANSFORM // 2 + 1)
    for start in starts:
        spectrum = np.fft.rfft(block[start : start + _TRANSFORM] * window[:, np.newaxis], axis=0)
        total += np.square(np.abs(spectrum)).sum(axis=1)
    power: Floats = total / looks * (2.0 / window.sum()) ** 2 / _SPREAD
    return power


def _pooling(rate: int) -> Floats:
    """Weights from transform bins to rows, ``(ROWS, bins)``: a row is the sum of the bins it spans."""
    bins = np.fft.rfftfreq(_TRANSFORM, 1.0 / rate)
    edges = np.geomspace(HIGHEST_HZ, LOWEST_HZ, ROWS + 1)
    weights = np.zeros((ROWS, len(bins)))
    for row, (high, low) in enumerate(itertools.pairwise(edges)):
        if low >= rate / 2:
            continue
        inside = np.flatnonzero((bins >= low) & (bins < high))
        if not len(inside):
            inside = np.array([int(np.argmin(np.abs(bins - np.sqrt(low * high))))])
        weights[row, inside] = 1.0
    return weights
