"""The random variables have the distributions they are named after."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dubline.training.datasets import draws
from dubline.training.datasets.presets import Level


@pytest.mark.parametrize("mean", [1.0, 8.0, 24.0])
def test_counts_follow_the_zero_truncated_poisson_distribution(mean: float) -> None:
    rng = np.random.default_rng(7)
    total = 4_000
    counts = Counter(draws.zero_truncated_poisson(rng, mean) for _ in range(total))
    assert 0 not in counts
    expected = {k: total * stats.poisson.pmf(k, mean) / -math.expm1(-mean) for k in range(1, 100)}
    common = [k for k, number in expected.items() if number >= 5]
    observed = [counts[k] for k in common]
    rest = total - sum(observed), total - sum(expected[k] for k in common)
    _, p = stats.chisquare([*observed, rest[0]], [*(expected[k] for k in common), rest[1]])
    assert p > 0.01


def test_starts_are_skewed_forward() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([draws.skew_normal(rng, 10.0, 2.0, 5.0) for _ in range(3_000)])
    # Azzalini 1985: P(X < location) = 1/2 - atan(shape) / pi, mean = location + scale delta sqrt(2 / pi).
    assert (drawn < 10.0).mean() == pytest.approx(0.5 - math.atan(5.0) / math.pi, abs=0.015)
    assert drawn.mean() == pytest.approx(10 + 2 * 5 / math.sqrt(26) * math.sqrt(2 / math.pi), abs=0.08)


@given(st.floats(0.1, 50), st.floats(0.01, 60), st.integers(0, 99))
def test_lengths_stay_between_their_bounds(longest: float, low: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = draws.truncated_normal(rng, 0.5 * longest, 0.1 * longest, low, longest)
    assert drawn == longest if low >= longest else low <= drawn <= longest


def test_loudness_is_normal_or_uniform_about_its_mean() -> None:
    rng = np.random.default_rng(3)
    normal = [draws.loudness(rng, Level(mean=-27, spread=4)) for _ in range(3_000)]
    assert np.mean(normal) == pytest.approx(-27, abs=0.3) and np.std(normal) == pytest.approx(4, rel=0.05)
    uniform = [draws.loudness(rng, Level(distribution="uniform", mean=-17, spread=2)) for _ in range(1_000)]
    assert -19 <= min(uniform) < -18.9 and -15.1 < max(uniform) <= -15
