"""What a separator leaves of a voice."""

from __future__ import annotations

import numpy as np

from dubline.training.hearing.scenes import SAMPLES, Scene, blank
from dubline.training.hearing.separated import recolored, remaining
from dubline.vocalization.silero import RATE as HEARD_RATE


def voice(rng: np.random.Generator) -> np.ndarray:
    return (0.1 * rng.standard_normal(4 * HEARD_RATE)).astype(np.float32)


def power_db(samples: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(samples)) + 1e-20))


def test_what_was_taken_whole_leaves_nothing() -> None:
    dialogue = voice(np.random.default_rng(1))
    assert power_db(remaining(dialogue, dialogue)) < -100.0


def test_a_tenth_left_behind_is_twenty_decibels_down() -> None:
    dialogue = voice(np.random.default_rng(2))
    left = remaining(dialogue, np.float32(0.9) * dialogue)
    np.testing.assert_allclose(power_db(left) - power_db(dialogue), -20.0, atol=0.5)


def test_background_that_went_with_the_dialogue_is_not_taken_for_voice() -> None:
    rng = np.random.default_rng(3)
    dialogue = voice(rng)
    left = remaining(dialogue, dialogue + np.float32(0.3) * voice(rng))
    # It is ten decibels under the dialogue, and of that only what happens to look alike is left.
    assert power_db(left) - power_db(dialogue) < -18.0


def test_recoloring_keeps_m_and_e_and_stem_together() -> None:
    rng = np.random.default_rng(4)
    sound = (0.1 * rng.standard_normal(SAMPLES)).astype(np.float32)
    target, weight = blank()
    scene = recolored(np.random.default_rng(0), Scene(sound, sound * np.float32(0.5), target, weight))
    assert np.abs(scene.stem).max() > 0.0
    np.testing.assert_allclose(scene.stem, scene.me * 0.5, atol=1e-6)
