"""How far an event stands out of the background around it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Background heard on either side of an event: long enough for an estimate, short enough to be the same scene.
AROUND_SECONDS = 5.0
# Quieter than this nothing is heard; it keeps the level over digital silence finite.
_FLOOR_DBFS = -90.0

Levels = npt.NDArray[np.float32]


def level_over_background(level: Levels, spans: list[tuple[float, float]], *, frame_seconds: float) -> list[float]:
    """For each span, its mean power over that of the frames around it which no span holds, in dB.

    ``level`` is (frames,) in dBFS. Where spans leave nothing around, the quietest tenth of the span itself stands
    for the background.
    """
    power = 10.0 ** (level.astype(np.float64) / 10.0)
    edges = [(int(start / frame_seconds), max(int(np.ceil(end / frame_seconds)), 1)) for start, end in spans]
    free = np.ones(len(level), dtype=np.bool_)
    for start, end in edges:
        free[start:end] = False
    around = round(AROUND_SECONDS / frame_seconds)
    return [_over(power, free, start=start, end=end, around=around) for start, end in edges]


def _over(power: npt.NDArray[np.float64], free: npt.NDArray[np.bool_], *, start: int, end: int, around: int) -> float:
    near = slice(max(start - around, 0), end + around)
    outside = power[near][free[near]]
    inside = power[start:end]
    if not len(inside):
        return 0.0
    background = outside.mean() if len(outside) else np.quantile(inside, 0.1)
    floor = 10.0 ** (_FLOOR_DBFS / 10.0)
    return float(10.0 * np.log10((inside.mean() + floor) / (background + floor)))
