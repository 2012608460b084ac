"""Spectrograms of whole films: bounded in size, in memory and in time, whatever the film's length."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from PIL import Image

from dubline.audio.wav import Block, WavReader
from dubline.errors import Cancelled
from dubline.quality.axis import Plot, level_axis, time_axis

Floats = npt.NDArray[np.float64]

COLUMNS, ROWS = 900, 150
WIDTH, HEIGHT = 960, 230
LOWEST_HZ, HIGHEST_HZ = 50.0, 20_000.0
LOWEST_DB, HIGHEST_DB = -95.0, -22.0
TRANSFORM = 2048
# A Hann window spreads a tone's power over bins that together read this much too high.
SPREAD = 1.5
# Of a column that stands for seconds of film, this many looks are taken, evenly: enough to meet any syllable.
_LOOKS = 24
_MARKS = ((100, "100"), (1000, "1k"), (10_000, "10k"))


class SpectrogramMeter:
    """Draws a stream of about ``frames`` frames, given block by block; what exceeds them is left out.

    Memory holds one column's worth of sound.
    """

    def __init__(self, rate: int, frames: int) -> None:
        self._width = max(-(-frames // COLUMNS), TRANSFORM)
        self._most = max(-(-frames // self._width), 1)
        self._pool = pooling(rate)
        self._pending: list[Block] = []
        self._held = 0
        self._columns: list[Floats] = []

    def process(self, block: Block) -> None:
        """Take the next ``block``, ``(frames, channels)``."""
        self._pending.append(block)
        self._held += len(block)
        if self._held < self._width:
            return
        joined = np.concatenate(self._pending)
        whole = len(joined) // self._width * self._width
        for start in range(0, whole, self._width):
            self._draw(joined[start : start + self._width])
        self._pending, self._held = [joined[whole:]], len(joined) - whole

    def picture(self) -> Floats:
        """Power in dB, ``(ROWS, columns)``, high frequencies first, rows spaced by logarithm; ends the stream.

        A row is the power inside its band, all channels together: a sine at full scale reads 0 dB, or 2 less where a
        row is narrower than a bin. At most `COLUMNS` columns.
        """
        if self._held:
            self._draw(np.concatenate(self._pending))
            self._held = 0
        powers = np.array(self._columns).T if self._columns else np.zeros((ROWS, 1))
        decibels: Floats = 10.0 * np.log10(np.maximum(powers, 1e-20))
        return decibels

    def _draw(self, samples: Block) -> None:
        if len(self._columns) < self._most:
            self._columns.append(self._pool @ _power(samples))


def save_pictures(path: Path, pictures: Mapping[str, Floats]) -> None:
    """Keep ``pictures`` by name in one file, the same bytes each time, to a tenth of a decibel."""
    halves: dict[str, Any] = {name: picture.astype(np.float16) for name, picture in pictures.items()}
    np.savez_compressed(path, **halves)


def load_pictures(path: Path) -> dict[str, Floats]:
    """What `save_pictures` kept."""
    with np.load(path) as file:
        return {name: file[name].astype(np.float64) for name in file.files}


def spectrogram(path: Path, *, cancelled: Callable[[], bool] | None = None) -> Floats:
    """The picture of a WAV as `SpectrogramMeter` draws it. Raises `Cancelled`."""
    with WavReader(path) as reader:
        meter = SpectrogramMeter(reader.rate, reader.frames)
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled("drawing was stopped", str(path), "start it again when ready")
            meter.process(block)
    return meter.picture()


def spectrogram_svg(
    picture: Floats, *, seconds: float, marked: Sequence[tuple[float, float]] = (), name: str | None = None
) -> str:
    """An ``<svg>`` around ``picture`` (what `spectrogram` gave), with ``marked`` spans underlined on top.

    Under the id ``name`` it can be shown again in another ``<svg>`` of `WIDTH` by `HEIGHT`.
    """
    plot = Plot(44, 12, WIDTH - 66, HEIGHT - 40, max(seconds, 1e-3))
    encoded = base64.b64encode(png(picture)).decode()
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
        + (f'<g id="{name}">' if name else "<g>")
        + f'<image x="{plot.left}" y="{plot.top}" width="{plot.width}" height="{plot.height}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{encoded}"/>'
        f"{level_axis(plot, marks)}{time_axis(plot)}{spans}</g></svg>"
    )


def png(picture: Floats, *, shades: int = 256) -> bytes:
    """``picture`` as `SpectrogramMeter` draws it, from `LOWEST_DB` to `HIGHEST_DB` in so many ``shades``.

    One byte a pixel, colored by a palette: a third of what colors in every pixel take.
    """
    scaled = np.clip((picture - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0.0, 1.0)
    drawn = Image.fromarray(((shades - 1) * scaled).round().astype(np.uint8)).convert("P")
    colors = mpl.colormaps["magma"](np.linspace(0.0, 1.0, shades))[:, :3]
    drawn.putpalette((colors * 255).round().astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    drawn.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _power(block: Block) -> Floats:
    """Mean power spectrum of a column, summed over channels, ``(TRANSFORM // 2 + 1,)``."""
    if len(block) < TRANSFORM:
        block = np.pad(block, ((0, TRANSFORM - len(block)), (0, 0)))
    looks = min(_LOOKS, 1 + (len(block) - TRANSFORM) // (TRANSFORM // 2))
    starts = np.linspace(0, len(block) - TRANSFORM, looks).astype(int)
    window = np.hanning(TRANSFORM)
    total = np.zeros(TRANSFORM // 2 + 1)
    for start in starts:
        spectrum = np.fft.rfft(block[start : start + TRANSFORM] * window[:, np.newaxis], axis=0)
        total += np.square(np.abs(spectrum)).sum(axis=1)
    power: Floats = total / looks * (2.0 / window.sum()) ** 2 / SPREAD
    return power


def pooling(rate: int) -> Floats:
    """Weights from the bins of `TRANSFORM` to rows, ``(ROWS, bins)``: a row is the sum of the bins it spans."""
    bins = np.fft.rfftfreq(TRANSFORM, 1.0 / rate)
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
