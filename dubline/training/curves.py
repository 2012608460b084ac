"""The curves of a training run as one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dubline.training.checkpoint import write_whole
from dubline.training.history import Row, rows

_DPI = 110
# Points of a smoothed curve: single steps are too noisy to see a trend in.
_POINTS = 80
# Column of the log -> what the picture calls it.
_LOSSES = {"total": "total", "dialogue": "dialogue", "me": "M&E"}
_IMPROVEMENT = "si_sdr_improvement"


def draw_curves(run: Path) -> None:
    """Write ``curves.png`` of the logs in ``run``: losses, SI-SDRi on unseen mixtures, learning rate."""
    figure = Figure(figsize=(8, 9))
    # Room fixed by hand: matplotlib's own layout takes as long as the drawing.
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.06, top=0.96, hspace=0.16)
    losses, improvement, rate = figure.subplots(3, 1, sharex=True)
    train, validation = rows(run / "train.csv"), rows(run / "validation.csv")
    for name, label in _LOSSES.items():
        _line(losses, train, name, label)
    losses.set_ylabel("loss, dB")
    _line(rate, train, "rate", "learning rate")
    rate.set(ylabel="learning rate", xlabel="minutes of training")
    rate.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    _improvement(improvement, validation)
    for axes in (losses, improvement, rate):
        axes.grid(alpha=0.3)
    for axes in (losses, improvement):
        if axes.lines:
            # Above the panel: inside, five entries always cover some curve.
            axes.legend(
                loc="lower left", bbox_to_anchor=(0, 1), ncols=5, fontsize=8, columnspacing=1.2, handlelength=1.6,
                frameon=False, borderaxespad=0.2
            )  # fmt: skip
    write_whole(run / "curves.png", lambda part: figure.savefig(part, dpi=_DPI, format="png"))


def _line(axes: Axes, logged: Sequence[Row], name: str, label: str) -> None:
    if logged:
        axes.plot(_smoothed(_column(logged, "seconds") / 60), _smoothed(_column(logged, name)), label=label)


def _improvement(axes: Axes, logged: Sequence[Row]) -> None:
    """The median with its percentiles, and the medians by kind of background."""
    axes.set_ylabel("SI-SDRi, dB")
    if not logged:
        return
    minutes = _column(logged, "seconds") / 60
    low, high = (_column(logged, f"{_IMPROVEMENT} {at}") for at in ("p10", "p90"))
    axes.fill_between(minutes, low, high, alpha=0.15, label="10 to 90 percent")
    axes.plot(minutes, _column(logged, f"{_IMPROVEMENT} p50"), "o-", label="median")
    for name in logged[0]:
        if name.startswith(f"{_IMPROVEMENT}, ") and name.endswith(" p50"):
            label = name.removeprefix(f"{_IMPROVEMENT}, ").removesuffix(" p50")
            axes.plot(minutes, _column(logged, name), "--", linewidth=0.9, label=f"over {label}")


def _column(logged: Sequence[Row], name: str) -> npt.NDArray[np.float64]:
    return np.asarray([row.get(name, np.nan) for row in logged], np.float64)


def _smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Means of at most `_POINTS` equal stretches."""
    return np.asarray([part.mean() for part in np.array_split(values, min(_POINTS, len(values)))])
