"""Turning from one sound to another without a dip, a bump or a click."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.repair.rebuild.gap import Gap
from dubline.repair.rebuild.seams import SEAM_SECONDS, crossfade, join

RATE = 48_000
FADE = round(SEAM_SECONDS * RATE)


def test_unrelated_sounds_are_faded_at_equal_power_and_equal_ones_at_equal_gain() -> None:
    one, other = np.random.default_rng(0).standard_normal((2, 50_000, 1)).astype(np.float32)
    assert crossfade(one, one) == pytest.approx(one, abs=1e-5)
    blended = crossfade(one, other)
    for part in np.split(blended, 10):
        assert part.std() == pytest.approx(1.0, abs=0.03)


def test_a_tone_that_is_filled_with_itself_shows_no_seam_and_only_the_ends_are_touched() -> None:
    at = np.arange(RATE)[:, None] * 2 * np.pi / RATE
    tone = (0.3 * np.sin(440 * at)).astype(np.float32)
    start, length = RATE // 2, 9_600
    fill = tone[start : start + length]
    joined = join(Gap(tone[:start], tone[start + length :], length, RATE), fill)
    assert joined == pytest.approx(fill, abs=0.01)
    assert np.array_equal(joined[FADE:-FADE], fill[FADE:-FADE])


def test_a_step_in_the_fill_is_bridged() -> None:
    tone = (0.3 * np.sin(np.arange(RATE)[:, None] * 2 * np.pi * 220 / RATE)).astype(np.float32)
    fill = np.full((9_600, 1), 0.5, np.float32)
    joined = np.concatenate([tone, join(Gap(tone, tone, 9_600, RATE), fill), tone])
    assert np.abs(np.diff(joined, axis=0)).max() < 0.02


def test_what_is_not_around_is_not_joined() -> None:
    fill = np.full((9_600, 1), 0.5, np.float32)
    nothing = fill[:0]
    assert np.array_equal(join(Gap(nothing, nothing, 9_600, RATE), fill), fill)
