"""Scenes: what is done to a mix on its way to a master keeps stems that sum, and a crowd belongs to the dialogue."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.errors import BadInput
from dubline.training.corpus import RATE, Corpus
from dubline.training.datasets.presets import SceneRules
from dubline.training.mixtures.mastering import MasteredMixer
from dubline.training.mixtures.scenes import master_rules, mixture_rules, render_scenes

RULES = SceneRules(scene_seconds=1.0, mixture={"without_dialogue": 0.0, "without_background": 0.0})


def _scenes(corpus: Corpus, rules: SceneRules = RULES, **shares: float) -> MasteredMixer:
    shared = rules.model_copy(update=shares)
    return MasteredMixer(corpus, mixture_rules(shared), master_rules(shared), seed=7)


def test_without_shares_a_scene_is_the_mixture(corpus: Corpus) -> None:
    scenes = _scenes(corpus)
    for mine, plain in zip(scenes.draw(3), scenes.mixer.draw(3), strict=True):
        assert np.array_equal(mine, plain)


def test_a_crowd_is_added_to_the_dialogue_alone(corpus: Corpus) -> None:
    scenes = _scenes(corpus, walla=1.0)
    for number in range(4):
        crowded, plain = scenes.draw(number), scenes.mixer.draw(number)
        assert not np.array_equal(crowded.dialogue, plain.dialogue)
        assert np.array_equal(crowded.music, plain.music) and np.array_equal(crowded.effects, plain.effects)


def test_no_crowd_where_nobody_speaks(corpus: Corpus) -> None:
    silent = RULES.model_copy(update={"mixture": {"without_dialogue": 1.0}})
    assert not _scenes(corpus, silent, walla=1.0).draw(0).dialogue.any()


def test_limiting_turns_all_stems_by_one_gain(corpus: Corpus) -> None:
    scenes = _scenes(corpus, limited=1.0)
    limited, plain = scenes.draw(1), scenes.mixer.draw(1)
    loud = np.abs(plain.mix) > 1e-3
    gain = limited.mix[loud] / plain.mix[loud]
    assert gain.min() < 0.95 and gain.max() <= 1.0 + 1e-3
    for mine, before in zip(limited, plain, strict=True):
        there = loud & (np.abs(before) > 1e-3)
        np.testing.assert_allclose(mine[there] / before[there], (limited.mix / plain.mix)[there], rtol=0.02)


def test_coding_changes_the_effects_alone(corpus: Corpus) -> None:
    scenes = _scenes(corpus, coded=1.0)
    coded, plain = scenes.draw(2), scenes.mixer.draw(2)
    assert np.array_equal(coded.dialogue, plain.dialogue) and np.array_equal(coded.music, plain.music)
    assert not np.array_equal(coded.effects, plain.effects)


def test_an_item_is_a_row_of_scenes(corpus: Corpus) -> None:
    scenes = _scenes(corpus, walla=0.5, limited=0.5, coded=0.5)
    tracks = render_scenes(scenes, split="val", index=1, frames=int(2.5 * RATE))
    assert all(track.shape == (int(2.5 * RATE),) and np.abs(track).max() < 1 for track in tracks.values())
    assert np.array_equal(tracks["mixture"], tracks["speech"] + tracks["music"] + tracks["sfx"])
    again = render_scenes(scenes, split="val", index=1, frames=int(2.5 * RATE))
    assert np.array_equal(again["mixture"], tracks["mixture"])
    other = render_scenes(scenes, split="test", index=1, frames=int(2.5 * RATE))
    assert not np.array_equal(other["mixture"], tracks["mixture"])


def test_a_rule_that_mixtures_do_not_have_is_bad_input() -> None:
    with pytest.raises(BadInput, match="not valid at scenes"):
        mixture_rules(SceneRules(scene_seconds=1.0, mixture={"loudness": 3}))
