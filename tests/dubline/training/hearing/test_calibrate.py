"""Scores made up so that one label is trigger-happy and another shy."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.training.hearing.calibrate import Listened, calibrated, measured, midpoint
from dubline.vocalization.ear import FRAME_SECONDS
from dubline.vocalization.events import LABELS, Event, Label
from dubline.vocalization.listen import Heard
from dubline.vocalization.rules import standard

FRAMES = 625  # twenty seconds
LEVEL: dict[Label, tuple[float, float]] = {"singing": (0.8, 0.98), "exertion": (0.05, 0.3)}


def piece(seed: int, *, voices: bool) -> Listened:
    """Background scores, with blips, and, where ``voices`` are, three events; see `LEVEL` for either."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.0, 0.02, (FRAMES, len(LABELS))).astype(np.float32)
    true = []
    for number, (label, (background, event)) in enumerate(LEVEL.items()):
        column = scores[:, LABELS.index(label)]
        blips = rng.integers(0, FRAMES - 8, 4)
        for blip in blips:
            column[blip : blip + 8] = background
        for start in range(100 + 200 * number, FRAMES - 40, 400) if voices else ():
            column[start : start + 30] = event
            true.append(Event(start * FRAME_SECONDS, (start + 30) * FRAME_SECONDS, ("FC",), label, 1.0, 0.0))
    level = np.full((FRAMES, 1), -30.0, np.float32)
    heard = Heard(scores[:, None].astype(np.float16), np.zeros((FRAMES, 1), np.float16), level)
    return Listened(heard, tuple(true), FRAMES * FRAME_SECONDS)


def test_a_midpoint_is_the_score_that_is_hardly_ever_reached_without_a_voice() -> None:
    voiceless = [piece(seed, voices=False) for seed in range(4)]
    for label, (background, _) in LEVEL.items():
        assert background < midpoint(voiceless, label, 1.0) < background + 0.06
        assert midpoint(voiceless, label, 1e6) < 0.06


@pytest.mark.parametrize("most_false", [0.0, 100.0])
def test_rules_find_what_stands_out_for_its_label_and_make_up_no_more_than_they_may(most_false: float) -> None:
    voiced = [piece(seed, voices=True) for seed in range(3)]
    voiceless = [piece(seed, voices=False) for seed in range(10, 14)]
    rules = calibrated(standard(), voiced, voiceless, most_false=most_false)
    assert (measured(voiceless, rules).false_per_hour or 0.0) <= most_false
    found = measured(voiced, rules)
    for label in LEVEL:
        recall = found.recall(label)
        assert recall.named == recall.found == recall.events > 0
