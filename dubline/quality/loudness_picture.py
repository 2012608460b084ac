"""Loudness over time as an SVG: momentary as a band, short-term as a line, the spec's window behind them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dubline.loudness.criterion import criterion
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import LoudnessLimit, Spec
from dubline.quality.axis import Plot, level_axis, time_axis

Floats = npt.NDArray[np.float64]

# As many columns as the page has room for; a longer film shows the range inside each column.
COLUMNS = 900
WIDTH, HEIGHT = 960, 230
LOWEST_LUFS, HIGHEST_LUFS = -55.0, -5.0
_MARKS = (-50, -40, -30, -20, -10)


def loudness_svg(curves: pa.Table, spec: Spec, measurement: Measurement) -> str:
    """An ``<svg>`` of ``curves`` (what `Meter.curves` gives) in front of the limits of ``spec``.

    The limits are those of the figure the spec judges ``measurement`` by, which is drawn as a line of its own.
    """
    times = curves["time_seconds"].to_numpy()
    plot = Plot(44, 8, WIDTH - 66, HEIGHT - 36, max(float(times[-1]) if len(times) else 0.0, 1.0))
    marks = tuple((_height(plot, mark), str(mark)) for mark in _MARKS)
    parts = [level_axis(plot, marks), time_axis(plot)]
    judged = criterion(measurement, spec)
    if judged is not None:
        parts.append(_window(plot, judged.limit))
    if spec.max_short_term_lufs is not None:
        parts.append(_across(plot, spec.max_short_term_lufs, "most"))
    parts.append(_band(plot, times, curves["momentary_lufs"].to_numpy()))
    parts.append(_line(plot, times, curves["short_term_lufs"].to_numpy()))
    if judged is not None and judged.value is not None:
        parts.append(_across(plot, judged.value, "measured"))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Loudness over time in LUFS">'
        + "".join(parts)
        + "</svg>"
    )


def thinned(times: Floats, values: Floats, columns: int = COLUMNS) -> tuple[Floats, Floats, Floats]:
    """At most ``columns`` points: times, and the least and greatest of the values each stands for (NaN: none)."""
    if not len(times):
        return times, values, values
    edges = np.unique(np.linspace(0, len(times), min(columns, len(times)) + 1).astype(int))[:-1]
    low = np.fmin.reduceat(values, edges)
    high = np.fmax.reduceat(values, edges)
    return times[edges], low, high


def _height(plot: Plot, lufs: float) -> float:
    within = min(max(lufs, LOWEST_LUFS), HIGHEST_LUFS)
    return plot.top + plot.height * (HIGHEST_LUFS - within) / (HIGHEST_LUFS - LOWEST_LUFS)


def _window(plot: Plot, limit: LoudnessLimit) -> str:
    """The tolerance as a band, the limits beyond which a file is refused as lines, where they lie outside of it."""
    high, low = limit.target_lufs + limit.tol_high, limit.target_lufs - limit.tol_low
    parts = [
        f'<rect class="tolerance" x="{plot.left}" y="{_height(plot, high):.1f}" width="{plot.width}" '
        f'height="{_height(plot, low) - _height(plot, high):.1f}"/>',
        _across(plot, limit.target_lufs, "target"),
    ]
    refused = (limit.target_lufs + limit.reject_high, limit.target_lufs - limit.reject_low)
    parts += [_across(plot, at, "most") for at, edge in zip(refused, (high, low), strict=True) if at != edge]
    return "".join(parts)


def _across(plot: Plot, lufs: float, name: str) -> str:
    return f'<path class="{name}" d="M{plot.left} {_height(plot, lufs):.1f}h{plot.width}"/>'


def _band(plot: Plot, times: Floats, values: Floats) -> str:
    at, low, high = thinned(times, values)
    return "".join(
        f'<path class="momentary" d="{_path(plot, at[run], high[run])}'
        f'L{_path(plot, at[run][::-1], np.minimum(low, high - 0.4)[run][::-1])[1:]}Z"/>'
        for run in _runs(high)
    )


def _line(plot: Plot, times: Floats, values: Floats) -> str:
    at, _, high = thinned(times, values)
    return "".join(f'<path class="short-term" d="{_path(plot, at[run], high[run])}"/>' for run in _runs(high))


def _runs(values: Floats) -> list[slice]:
    """Slices of consecutive values that are there: silence breaks a curve."""
    there = np.concatenate([[False], np.isfinite(values), [False]])
    starts, ends = np.flatnonzero(np.diff(there.astype(int)) == 1), np.flatnonzero(np.diff(there.astype(int)) == -1)
    return [slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]


def _path(plot: Plot, times: Floats, values: Floats) -> str:
    points = (f"{plot.x(float(t)):.1f} {_height(plot, float(v)):.1f}" for t, v in zip(times, values, strict=True))
    return "M" + "L".join(points)
