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
_BINS = 24


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
    """A row of panels per table: what is there as bars, what the preset's table says as a curve."""
    shown = {name: [(row, v) for row, v in rows.items() if v] for name, rows in report.values.items()}
    shown = {name: rows for name, rows in shown.items() if rows}
    columns = max(map(len, shown.values()), default=1)
    figure = Figure(figsize=(columns * _PANEL_INCHES, max(len(shown), 1) * _PANEL_INCHES))
    figure.subplots_adjust(left=0.04, right=0.99, bottom=0.03, top=0.96, wspace=0.25, hspace=0.4)
    for line, (name, rows) in enumerate(shown.items()):
        for column, (row, values) in enumerate(rows):
            axes = figure.add_subplot(len(shown), columns, line * columns + column + 1)
            axes.set_title(f"{row}\n{name}", fontsize=8)
            axes.tick_params(labelsize=7)
            _panel(axes, np.asarray(values, np.float64), _curve(report, name, row))
    return figure


class Curve(NamedTuple):
    """A published density and where most of it lies."""

    density: Callable[[Floats], Floats]
    low: float
    high: float


def _panel(axes: Axes, values: Floats, curve: Curve | None) -> None:
    low, high = float(values.min()), float(values.max())
    if curve is not None:
        low, high = min(low, curve.low), max(high, curve.high)
        at = np.linspace(low, high, 200)
        axes.plot(at, curve.density(at), color="#b03a2e", linewidth=1.2)
    axes.hist(values, bins=_BINS, range=(low - 0.5, high + 0.5), density=True, color="#9db8d2")


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
