"""An evaluation as pictures: improvement over input level, and its spread in every group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dubline.training.evaluation.scores import MIX

Row = Mapping[str, Any]

_DPI = 120
# Fewer points than this have no trend worth drawing.
_LEAST = 5
_FIGURE = "si_sdr_improvement"
_LABEL = "SI-SDRi of the dialogue, dB"


def picture_by_level(path: Path, rows: Sequence[Row]) -> None:
    """A PNG of every ordinary item's improvement over its input level, with a line through each system's."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    shown = [row for row in _improved(rows) if row["ordinary"]]
    for index, system in enumerate(_systems(shown)):
        points = np.array([(r["input_si_sdr"], r[_FIGURE]) for r in shown if r["system"] == system])
        oracle = any(row["oracle"] for row in shown if row["system"] == system)
        color = f"C{index}"
        axes.plot(*points.T, "." if oracle else "o", color=color, alpha=0.35, markersize=4, label=system)
        if len(points) >= _LEAST:
            trend = np.polynomial.Polynomial.fit(points[:, 0], points[:, 1], 1)
            axes.plot(*trend.linspace(2), "--" if oracle else "-", color=color)
    axes.set(xlabel="SI-SDR of the mix, dB", ylabel=_LABEL)
    axes.axhline(0.0, color="0.7", linewidth=0.8)
    axes.grid(alpha=0.3)
    if shown:
        axes.legend()
    _save(figure, path)


def picture_by_group(path: Path, groups: Mapping[str, Sequence[Row]]) -> None:
    """A PNG with a box for every group and system: quartiles, whiskers from the 10th to the 90th percentile."""
    values = {name: _by_system(rows) for name, rows in groups.items()}
    known = {name: found for name, found in values.items() if found}
    systems = list(dict.fromkeys(system for found in known.values() for system in found))
    figure = Figure(figsize=(9, 1.2 + 0.16 * sum(map(len, known.values()))), layout="constrained")
    axes = figure.subplots()
    step = 1 / (len(systems) + 1)
    for row, found in enumerate(known.values()):
        for index, system in enumerate(systems):
            if system in found:
                _box(axes, found[system], at=row + (index - (len(systems) - 1) / 2) * step, width=step, index=index)
    for index, system in enumerate(systems):
        axes.plot([], [], color=f"C{index}", linewidth=6, alpha=0.5, label=system)
    axes.set_yticks(range(len(known)), list(known))
    axes.set_ylim(max(len(known), 1) - 0.5, -0.5)
    axes.set_xlabel(_LABEL)
    axes.grid(axis="x", alpha=0.3)
    if systems:
        figure.legend(loc="outside upper center", ncols=len(systems))
    _save(figure, path)


def _box(axes: Axes, values: Sequence[float], *, at: float, width: float, index: int) -> None:
    color = f"C{index}"
    axes.boxplot(
        [values],
        positions=[at],
        widths=0.85 * width,
        whis=(10, 90),
        orientation="horizontal",
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": color, "alpha": 0.5},
        medianprops={"color": "black"},
        manage_ticks=False,
    )


def _by_system(rows: Sequence[Row]) -> dict[str, list[float]]:
    shown = _improved(rows)
    return {system: [row[_FIGURE] for row in shown if row["system"] == system] for system in _systems(shown)}


def _improved(rows: Sequence[Row]) -> list[Row]:
    """The rows that have a place in a picture; the mix improves nothing by definition."""
    return [r for r in rows if r["system"] != MIX and r[_FIGURE] is not None and np.isfinite(r[_FIGURE])]


def _systems(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(row["system"] for row in rows))


def _save(figure: Figure, path: Path) -> None:
    # The default names matplotlib's version: the same figures must give the same bytes after an update.
    figure.savefig(path, dpi=_DPI, metadata={"Software": "dubline"})
