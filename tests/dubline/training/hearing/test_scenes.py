"""Scenes say the truth about themselves."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.training.corpus import Corpus
from dubline.training.hearing.made import with_made
from dubline.training.hearing.material import Material, frame_levels, material_of
from dubline.training.hearing.scenes import FRAMES, SAMPLES, SceneRules, blank, draw, mark
from dubline.vocalization.events import LABELS

SPEECH, CROWD = LABELS.index("speech"), LABELS.index("crowd")


@pytest.fixture(scope="module")
def material(corpus: Corpus) -> Material:
    return with_made(material_of(corpus), corpus, seed=1, each=4)


def test_the_same_seed_draws_the_same_scene(material: Material) -> None:
    one, other = (draw(np.random.default_rng(3), material, SceneRules()) for _ in range(2))
    np.testing.assert_array_equal(one.me, other.me)
    np.testing.assert_array_equal(one.target, other.target)


@pytest.mark.parametrize("seed", range(12))
def test_scenes_are_whole_and_finite(material: Material, seed: int) -> None:
    scene = draw(np.random.default_rng(seed), material, SceneRules())
    assert scene.me.shape == scene.stem.shape == (SAMPLES,)
    assert scene.target.shape == scene.weight.shape == (FRAMES, len(LABELS))
    assert np.isfinite(scene.me).all() and np.isfinite(scene.stem).all()
    assert np.abs(scene.me).max() <= 1.0 + 1e-6
    assert set(np.unique(scene.target)) <= {0.0, 1.0}


def test_without_a_voice_nothing_is_true(material: Material) -> None:
    rules = SceneRules(without_voice=1.0)
    for seed in range(6):
        scene = draw(np.random.default_rng(seed), material, rules)
        assert not scene.target.any()
        assert (scene.weight == 1.0).all()


def test_a_loud_voice_is_true_where_the_m_and_e_is_louder(material: Material) -> None:
    rules = SceneRules(voices=(1, 1), without_voice=0.0, level_db=(30.0, 30.0), room=0.0)
    louder = []
    for seed in range(6):
        scene = draw(np.random.default_rng(seed), material, rules)
        true = scene.target.any(axis=1)
        assert true.any()
        level = frame_levels(scene.me)
        louder.append(np.median(level[true]) - np.median(level[~true]) if (~true).any() else np.inf)
    assert np.median(louder) > 15.0


def test_what_lies_far_under_the_background_is_no_event_and_what_is_near_is_left_open() -> None:
    target, weight = blank()
    active = np.zeros(FRAMES, np.bool_)
    active[10:40] = True
    over = np.full(FRAMES, -40.0, np.float32)
    over[10:20], over[20:30] = 0.0, -20.0
    mark(target, weight, "speech", over, active)
    assert target[10:20, SPEECH].all() and not target[20:, SPEECH].any()
    assert not weight[20:30, SPEECH].any() and weight[30:, SPEECH].all()


def test_in_a_crowd_nobody_can_say_whether_there_is_speech() -> None:
    target, weight = blank()
    active = np.ones(FRAMES, np.bool_)
    mark(target, weight, "crowd", np.zeros(FRAMES, np.float32), active)
    assert target[:, CROWD].all()
    assert not weight[:, SPEECH].any()
