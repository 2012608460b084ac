"""Where the top of a peak lies between its samples."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def between(values: npt.NDArray[np.float64], at: int) -> float:
    """How far beyond sample ``at`` of ``values``, the largest, the top lies, -0.5 to 0.5: a parabola through three.

    0 at either end, where there is no third.
    """
    if not 0 < at < len(values) - 1:
        return 0.0
    before, here, after = values[at - 1 : at + 2]
    bow = before - 2.0 * here + after
    return float(0.5 * (before - after) / bow) if bow < 0.0 else 0.0
