"""What was taken for what, and what a threshold costs, as pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dubline.quality.detection import DetectionScores
from dubline.quality.roc import Curve
from dubline.vocalization.events import LABELS

_DPI = 120
# The false rates that matter: at 31 frames a second, 1e-5 is one false frame an hour.
_LEAST_RATE = 1e-5
# From here on a cell is so dark that its number must be light.
_DARK = 0.6


def confusion_picture(path: Path, scores: DetectionScores) -> None:
    """A PNG of ``scores.confusion``: shares of each true label in color, counts in figures."""
    counts = scores.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.argwhere(counts):
        color = "white" if shares[row, column] > _DARK else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color, fontsize=8)
    axes.set_xticks(range(len(LABELS) + 1), [*LABELS, "missed"], rotation=45, ha="right")
    axes.set_yticks(range(len(LABELS) + 1), [*LABELS, "nothing"])
    axes.set(xlabel="found as", ylabel="true")
    _save(figure, path)


def roc_picture(path: Path, curves: Mapping[str, Curve]) -> None:
    """A PNG of ``curves`` by name, the false rate on a logarithmic axis, areas in the legend."""
    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    for name, curve in curves.items():
        shown = np.maximum(curve.false_rate, _LEAST_RATE)
        axes.step(shown, curve.true_rate, where="post", label=f"{name} ({curve.area:.3f})")
    axes.set(
        xscale="log",
        xlim=(_LEAST_RATE, 1.0),
        ylim=(0.0, 1.02),
        xlabel="share of frames without it",
        ylabel="share of frames with it",
    )
    axes.grid(alpha=0.3)
    if curves:
        axes.legend(loc="lower right")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    # The default names matplotlib's version: the same figures must give the same bytes after an update.
    figure.savefig(path, dpi=_DPI, metadata={"Software": "dubline"})
