"""The energy rule on levels alone: frames of 30 ms, dBFS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dubline.vocalization.residual import residual_spans

FRAME = 0.03
Levels = npt.NDArray[np.float32]


def dialogue(seed: int = 0) -> Levels:
    """Ten seconds of silence, four of syllables, ten of silence."""
    rng = np.random.default_rng(seed)
    syllables = np.repeat(rng.uniform(-45.0, -15.0, 34), 4)
    return np.concatenate([np.full(333, -120.0), syllables, np.full(333, -120.0)]).astype(np.float32)


def test_a_copy_twenty_db_down_is_found_with_full_score() -> None:
    stem = dialogue()
    ((start, end, score),) = residual_spans(stem - 20.0, stem, frame_seconds=FRAME)
    assert (start, end) == (pytest.approx(333 * FRAME), pytest.approx(469 * FRAME))
    assert score > 0.95


@pytest.mark.parametrize("background", [-20.0, -40.0])
def test_a_steady_background_is_not_a_residue(background: float) -> None:
    stem = dialogue()
    me = (background + np.random.default_rng(1).normal(0.0, 1.0, len(stem))).astype(np.float32)
    assert residual_spans(me, stem, frame_seconds=FRAME) == []


def test_other_syllables_are_not_a_residue() -> None:
    assert residual_spans(dialogue(seed=1), dialogue(seed=2), frame_seconds=FRAME) == []


def test_what_follows_the_stem_inaudibly_is_not_reported() -> None:
    stem = dialogue()
    assert residual_spans(stem - 70.0, stem, frame_seconds=FRAME) == []


def test_no_sound_no_span() -> None:
    none = np.zeros(0, np.float32)
    assert residual_spans(none, none, frame_seconds=FRAME) == []
