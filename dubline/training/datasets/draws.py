"""The random variables of Divide and Remaster."""

from __future__ import annotations

import numpy as np
from scipy import stats

from dubline.training.datasets.presets import Distribution, Level


def zero_truncated_poisson(rng: np.random.Generator, mean: float) -> int:
    """A Poisson number of parent mean ``mean``, drawn again as long as it is 0."""
    while True:
        if number := int(rng.poisson(mean)):
            return number


def skew_normal(rng: np.random.Generator, location: float, scale: float, shape: float) -> float:
    """Azzalini's skew-normal variable (1985): for ``shape`` 5 about 94 % of it lies above ``location``."""
    return float(stats.skewnorm.rvs(shape, loc=location, scale=scale, random_state=rng))


def truncated_normal(rng: np.random.Generator, mean: float, deviation: float, low: float, high: float) -> float:
    """A normal variable given that it lies between ``low`` and ``high``; ``high`` where that leaves no room."""
    if high <= low:
        return high
    bounds = (low - mean) / deviation, (high - mean) / deviation
    return float(stats.truncnorm.rvs(*bounds, loc=mean, scale=deviation, random_state=rng))


def loudness(rng: np.random.Generator, level: Level) -> float:
    """A loudness in LUFS."""
    return level.mean + deviation(rng, level.distribution, level.spread)


def deviation(rng: np.random.Generator, distribution: Distribution, spread: float) -> float:
    """A difference from a mean: normal with that deviation, or uniform within ``spread``."""
    return float(rng.uniform(-spread, spread) if distribution == "uniform" else rng.normal(0.0, spread))
