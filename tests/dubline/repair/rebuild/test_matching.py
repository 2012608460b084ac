"""The stretch of the cue that fits a gap."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.repair.rebuild.gap import Gap
from dubline.repair.rebuild.matching import best_match

RATE = 16_000
PHRASE = (0.1 * np.random.default_rng(0).standard_normal((2 * RATE, 2))).astype(np.float32)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("shift", [0, 37])
def test_a_phrase_that_comes_again_is_found_to_the_sample(side: str, shift: int) -> None:
    bridge = PHRASE[::-1][: RATE + shift]
    start, length = 9_000, 6_000
    gap = {
        "before": Gap(np.concatenate([PHRASE, bridge, PHRASE[:start]]), PHRASE[start + length :], length, RATE),
        "after": Gap(PHRASE[:start], np.concatenate([PHRASE[start + length :], bridge, PHRASE]), length, RATE),
    }[side]
    match = best_match(gap)
    assert match is not None
    assert np.abs(match.samples - PHRASE[start : start + length]).max() < 1e-3


def test_the_stretch_takes_the_level_beside_the_gap() -> None:
    start, length = 9_000, 6_000
    here = np.float32(0.6) * PHRASE
    match = best_match(Gap(np.concatenate([PHRASE, here[:start]]), here[start + length :][:5_000], length, RATE))
    assert match is not None
    assert match.samples == pytest.approx(here[start : start + length], abs=0.02)


def test_a_context_without_so_long_a_stretch_has_none() -> None:
    assert best_match(Gap(PHRASE[:5_000], PHRASE[:5_000], 6_000, RATE)) is None
    assert best_match(Gap(PHRASE[:0], PHRASE[:0], 1_000, RATE)) is None
