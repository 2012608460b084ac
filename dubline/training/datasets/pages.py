"""A data set's report as a Markdown page with a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from dubline.training.datasets.presets import SUBMIXES, Level
from dubline.training.datasets.report import Report, Spread

Floats = npt.NDArray[np.float64]

PAGE, PICTURE = "report.md", "report.png"
_PANEL_INCHES = 2.4
_FEWEST_BARS, _MOST_BARS = 12, 32


def write_report(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write ``report.md`` and ``report.png`` into ``folder``; gives both paths."""
    picture = folder / PICTURE
    # Without the date and version matplotlib writes by itself, the same data gives the same bytes.
    draw(report).savefig(picture, dpi=110, metadata={"Software": "dubline"})
    page = folder / PAGE
    page.write_text(markdown(report), encoding="utf-8")
    return page, picture


def markdown(report: Report) -> str:
    """The page: facts, distributions, tables."""
    facts = "\n".join(f"* {name}: {_cell(value)}" for name, value in report.facts.items())
    parts = [f"# {report.title}", facts, f"![Distributions]({PICTURE})"]
    for name, values in report.values.items():
        rows = [
            {"": row, "published": _published(report, name, row), **_spread(spread)}
            for row, numbers in values.items()
            if (spread := Spread.of(numbers))
        ]
        if all(row["published"] == "" for row in rows):
            rows = [{key: value for key, value in row.items() if key != "published"} for row in rows]
        parts.append(f"## {_heading(name)}\n\n{_table(rows)}")
    if any(_published(report, "events", name) for name in SUBMIXES):
        parts.append("Published numbers of events are what is drawn; an event that finds no place is left out.")
    parts += [f"## {_heading(name)}\n\n{_table(rows)}" for name, rows in report.tables.items()]
    return "\n\n".join(parts) + "\n"


def _heading(name: str) -> str:
    return name[0].upper() + name[1:]


def _spread(spread: Spread) -> dict[str, object]:
    return {
        "count": spread.count,
        "mean": spread.mean,
        "deviation": spread.deviation,
        "10 %": spread.p10,
        "median": spread.median,
        "90 %": spread.p90,
    }


def _table(rows: Sequence[Mapping[str, object]]) -> str:
    if not rows:
        return "None."
    head = f"| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}"
    return "\n".join([head, *(f"| {' | '.join(map(_cell, row.values()))} |" for row in rows)])


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value).replace("|", "\\|")


def _level(report: Report, table: str, row: str) -> Level | None:
    """What the preset's table says of a loudness."""
    rules = report.preset.dnr if report.preset else None
    if rules is None:
        return None
    if table.startswith("loudness before") and row in SUBMIXES:
        return rules.submix(row).track
    return rules.master if table.startswith("loudness as") and row == "mixture" else None


def _published(report: Report, table: str, row: str) -> str:
    rules = report.preset.dnr if report.preset else None
    if rules is not None and table.startswith("events") and row in SUBMIXES:
        mean = rules.submix(row).events
        return f"{mean / -np.expm1(-mean):.2f}"
    level = _level(report, table, row)
    if level is None:
        return ""
    return f"{level.mean:g} ± {level.spread:g}"


def draw(report: Report) -> Figure:
    """A row of panels per table, on one scale: what is there as bars, what the preset's table says as a curve."""
    shown = {name: [(row, v) for row, v in rows.items() if v] for name, rows in report.values.items()}
    shown = {name: rows for name, rows in shown.items() if rows}
    columns = max(map(len, shown.values()), default=1)
    size = (columns * _PANEL_INCHES, max(len(shown), 1) * _PANEL_INCHES)
    figure = Figure(figsize=size, layout="constrained")
    for line, (name, rows) in enumerate(shown.items()):
        first, edges = None, _edges([values for _, values in rows], whole=name.startswith("events"))
        for column, (row, values) in enumerate(rows):
            axes = figure.add_subplot(len(shown), columns, line * columns + column + 1, sharex=first)
            first = first or axes
            axes.set_title(row, fontsize=9)
            axes.set_xlabel(name, fontsize=7.5)
            axes.tick_params(labelsize=7)
            # The height of a density says nothing by itself.
            axes.set_yticks([])
            _panel(axes, np.asarray(values, np.float64), edges, _curve(report, name, row))
    curves = [line for axes in figure.axes for line in axes.lines]
    if curves:
        figure.legend(curves[:1], ["published"], loc="outside upper right", fontsize=8, frameon=False)
    return figure


class Curve(NamedTuple):
    """A published density and where most of it lies."""

    density: Callable[[Floats], Floats]
    low: float
    high: float


def _panel(axes: Axes, values: Floats, edges: Floats, curve: Curve | None) -> None:
    axes.hist(values, bins=edges.tolist(), density=True, color="#9db8d2", edgecolor="white", linewidth=0.4)
    if curve is not None:
        at = np.linspace(curve.low, curve.high, 400)
        axes.plot(at, curve.density(at), color="#b03a2e", linewidth=1.2)


def _edges(panels: Sequence[Sequence[float]], *, whole: bool) -> Floats:
    """Edges of the bars of all ``panels``: the fewer values, the wider; those of whole numbers stand around them."""
    bars = int(np.clip(4 * np.sqrt(max(map(len, panels))), _FEWEST_BARS, _MOST_BARS))
    low, high = min(map(min, panels)), max(map(max, panels))
    if whole:
        width = np.ceil((high - low + 1) / bars)
        return np.arange(low - 0.5, high + width, width)
    margin = 0.5 if low == high else 0.0
    return np.linspace(low - margin, high + margin, bars + 1)


def _curve(report: Report, table: str, row: str) -> Curve | None:
    rules = report.preset.dnr if report.preset else None
    if rules is not None and table.startswith("events") and row in SUBMIXES:
        mean = rules.submix(row).events
        reach = 3 * np.sqrt(mean)
        return Curve(lambda at: stats.poisson.pmf(np.rint(at), mean) / -np.expm1(-mean), mean - reach, mean + reach)
    level = _level(report, table, row)
    if level is None or level.spread == 0:
        return None
    mean, spread = level.mean, level.spread
    if level.distribution == "uniform":
        density = stats.uniform(mean - spread, 2 * spread).pdf
        return Curve(density, mean - spread, mean + spread)
    return Curve(stats.norm(mean, spread).pdf, mean - 3 * spread, mean + 3 * spread)
