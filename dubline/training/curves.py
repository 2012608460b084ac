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
_POINTS = 200
_LOSSES = ("total", "dialogue", "me")
_IMPROVEMENT = "si_sdr_improvement"


def draw_curves(run: Path) -> None:
    """Write ``curves.png`` of the logs in ``run``: losses, SI-SDRi on unseen mixtures, learning rate."""
    figure = Figure(figsize=(8, 9), layout="constrained")
    losses, improvement, rate = figure.subplots(3, 1, sharex=True)
    train, validation = rows(run / "train.csv"), rows(run / "validation.csv")
    for name in _LOSSES:
        _line(losses, train, name)
    losses.set_ylabel("loss, dB")
    _line(rate, train, "rate")
    rate.set(ylabel="learning rate", xlabel="minutes of training")
    _improvement(improvement, validation)
    for axes in (losses, improvement, rate):
        axes.grid(alpha=0.3)
    for axes in (losses, improvement):
        if axes.lines:
            axes.legend(loc="best")
    write_whole(run / "curves.png", lambda part: figure.savefig(part, dpi=_DPI, format="png"))


def _line(axes: Axes, logged: Sequence[Row], name: str) -> None:
    if logged:
        axes.plot(_smoothed(_column(logged, "seconds") / 60), _smoothed(_column(logged, name)), label=name)


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
