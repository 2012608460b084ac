"""Receiver operating characteristic of scores, frame by frame, over any amount of sound in bounded memory.

Source: Fawcett, "An introduction to ROC analysis", Pattern Recognition Letters 27 (2006), sections 4 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Scores are counted in steps this fine in the logarithm of their odds: the ends, where thresholds lie, stay apart.
_STEPS = 2000
_WIDEST = 12.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Rates from (0, 0) to (1, 1), both rising, and the thresholds they belong to, falling; all (points,)."""

    false_rate: Floats
    true_rate: Floats
    threshold: Floats

    @property
    def area(self) -> float:
        """The chance that a frame with the sound scores higher than one without, ties counted half."""
        return float(np.trapezoid(self.true_rate, self.false_rate))


class RocMeter:
    """Counts scores of ``labels`` labels."""

    def __init__(self, labels: int) -> None:
        # What does not hold the sound, and what does.
        self._counts = np.zeros((2, labels, _STEPS), np.int64)

    def process(self, scores: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]) -> None:
        """``scores`` and ``truth``: (frames, labels), scores in 0..1."""
        clipped = np.clip(scores.astype(np.float64), 1e-9, 1.0 - 1e-9)
        odds = np.log(clipped / (1.0 - clipped))
        step = np.clip((odds + _WIDEST) * (_STEPS / (2.0 * _WIDEST)), 0, _STEPS - 1).astype(np.int64)
        for at in range(scores.shape[1]):
            for held in (0, 1):
                chosen = step[truth[:, at] == bool(held), at]
                self._counts[held, at] += np.bincount(chosen, minlength=_STEPS)

    def curve(self, label: int) -> Curve | None:
        """The curve of a label, an index; None where it never sounded, or always did."""
        without, held = self._counts[0, label], self._counts[1, label]
        if not without.sum() or not held.sum():
            return None
        false_rate, true_rate = (
            np.concatenate([[0], counts[::-1].cumsum()]) / counts.sum() for counts in (without, held)
        )
        odds = np.concatenate([[np.inf], (np.arange(_STEPS)[::-1] / _STEPS * 2.0 - 1.0) * _WIDEST])
        return Curve(false_rate, true_rate, 1.0 / (1.0 + np.exp(-odds)))
