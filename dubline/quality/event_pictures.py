"""Pictures of one event: its spectrogram before and after, and both waveforms, as SVG made of numbers alone."""

from __future__ import annotations

import base64

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.quality.axis import Plot, instant, level_axis
from dubline.quality.excerpts import Excerpt
from dubline.quality.spectrogram import HIGHEST_DB, HIGHEST_HZ, LOWEST_HZ, ROWS, TRANSFORM, png, pooling

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 480, 190
WAVE_HEIGHT = 96
# A syllable is some thirty of these in a clip of three seconds.
_COLUMNS = 300
# A page holds hundreds of them: half the bytes of 256 shades, and no eye tells.
_SHADES = 48
_MARKS = ((100, "100"), (1000, "1k"), (10_000, "10k"))


def spectrogram_pair(excerpt: Excerpt, *, start_seconds: float, end_seconds: float) -> tuple[str, str]:
    """An ``<svg>`` of `WIDTH` by `HEIGHT` each for before and after, in the same colors; the event between two lines.

    The loudest point of ``before`` is as bright as can be: these pictures show what is there, not how loud.
    """
    before, after = (_decibels(block, excerpt.rate) for block in (excerpt.before, excerpt.after))
    shift = HIGHEST_DB - max(float(before.max()), -120.0)
    span = (start_seconds, end_seconds)
    return _picture(before + shift, excerpt, span, "before"), _picture(after + shift, excerpt, span, "after")


def waveform_svg(excerpt: Excerpt, *, start_seconds: float, end_seconds: float) -> str:
    """An ``<svg>`` of both envelopes, before behind after, the louder peak at full height."""
    plot = _plot(excerpt, height=WAVE_HEIGHT - 26)
    middle, half = plot.top + plot.height / 2, plot.height / 2
    peak = max(float(np.abs(excerpt.before).max(initial=0.0)), float(np.abs(excerpt.after).max(initial=0.0)), 1e-9)
    paths = "".join(
        f'<path class="{name}" d="{_envelope(block / peak, plot, middle, half)}"/>'
        for name, block in (("was", excerpt.before), ("now", excerpt.after))
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {WAVE_HEIGHT}" role="img" aria-label="Waveform before and after">'
        f"{paths}{_bounds(plot, excerpt, (start_seconds, end_seconds))}</svg>"
    )


def _plot(excerpt: Excerpt, *, height: float) -> Plot:
    return Plot(34, 6, WIDTH - 42, height, max(excerpt.seconds, 1e-3))


def _picture(decibels: Floats, excerpt: Excerpt, span: tuple[float, float], name: str) -> str:
    plot = _plot(excerpt, height=HEIGHT - 26)
    octaves = np.log(HIGHEST_HZ / LOWEST_HZ)
    marks = tuple((plot.top + plot.height * float(np.log(HIGHEST_HZ / at) / octaves), text) for at, text in _MARKS)
    encoded = base64.b64encode(png(decibels, shades=_SHADES)).decode()
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Spectrogram {name}, 50 Hz to 20 kHz">'
        f'<image x="{plot.left}" y="{plot.top}" width="{plot.width}" height="{plot.height}" '
        f'preserveAspectRatio="none" href="data:image/png;base64,{encoded}"/>'
        f"{level_axis(plot, marks)}{_bounds(plot, excerpt, span)}</svg>"
    )


def _bounds(plot: Plot, excerpt: Excerpt, span: tuple[float, float]) -> str:
    """A line where the event begins and one where it ends, with their times in the film."""
    parts = []
    bottom = plot.top + plot.height
    for seconds, outward in zip(span, ("end", "start"), strict=True):
        at = plot.x(min(max(seconds - excerpt.start_seconds, 0.0), plot.seconds))
        parts.append(f'<path class="bound" d="M{at:.1f} {plot.top:.1f}V{bottom:.1f}"/>')
        anchor = "start" if at < plot.left + 60 else "end" if at > plot.left + plot.width - 60 else outward
        parts.append(f'<text class="label" x="{at:.1f}" y="{bottom + 15:.1f}" text-anchor="{anchor}">')
        parts.append(f"{instant(seconds)}</text>")
    return "".join(parts)


def _decibels(block: Block, rate: int) -> Floats:
    """Power in dB, (ROWS, `_COLUMNS` at most), high frequencies first."""
    padded = np.pad(block, ((0, max(TRANSFORM - len(block), 0)), (0, 0)))
    starts = np.unique(np.linspace(0, len(padded) - TRANSFORM, _COLUMNS).astype(int))
    window = np.hanning(TRANSFORM)
    pool = pooling(rate)
    columns = np.zeros((ROWS, len(starts)))
    for column, start in enumerate(starts):
        spectrum = np.fft.rfft(padded[start : start + TRANSFORM] * window[:, np.newaxis], axis=0)
        columns[:, column] = pool @ np.square(np.abs(spectrum)).sum(axis=1)
    decibels: Floats = 10.0 * np.log10(np.maximum(columns * (2.0 / window.sum()) ** 2, 1e-20))
    return decibels


def _envelope(block: Block, plot: Plot, middle: float, half: float) -> str:
    """A closed path around the largest and smallest sample of each column, all channels together."""
    count = min(_COLUMNS, len(block))
    edges = np.linspace(0, len(block), count + 1).astype(int)[:-1]
    top = np.maximum.reduceat(block.max(axis=1), edges)
    low = np.minimum.reduceat(block.min(axis=1), edges)
    xs = plot.left + plot.width * (np.arange(count) + 0.5) / count
    there = [f"{x:.1f} {middle - half * float(y):.1f}" for x, y in zip(xs, top, strict=True)]
    back = [f"{x:.1f} {middle - half * float(y):.1f}" for x, y in zip(xs[::-1], low[::-1], strict=True)]
    return f"M{'L'.join(there + back)}Z"
