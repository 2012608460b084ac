"""Mixtures are reproducible, sum exactly, and follow their rules."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dubline.training.corpus import RATE, Corpus
from dubline.training.mixtures.augment import random_room, room
from dubline.training.mixtures.mixer import Mixer, MixtureRules, active_rms
from dubline.training.mixtures.stream import batches, stack_mono

RULES = MixtureRules(seconds=1.0)


def test_the_same_seed_and_number_give_the_same_mixture(corpus: Corpus) -> None:
    one, other = Mixer(corpus, RULES, seed=3), Mixer(corpus, RULES, seed=3)
    other.draw(11)
    for mine, theirs in zip(one.draw(4), other.draw(4), strict=True):
        assert np.array_equal(mine, theirs)
    assert not np.array_equal(one.draw(4).mix, one.draw(5).mix)
    assert not np.array_equal(one.draw(4).mix, Mixer(corpus, RULES, seed=4).draw(4).mix)


def test_mixtures_are_finite_and_below_full_scale(corpus: Corpus) -> None:
    mixer = Mixer(corpus, RULES, seed=1)
    for number in range(20):
        mixture = mixer.draw(number)
        assert all(stem.shape == (RATE,) and stem.dtype == np.float32 for stem in mixture)
        assert 0 < np.abs(mixture.mix).max() < 1


def test_rules_without_dialogue_and_without_background(corpus: Corpus) -> None:
    bare = Mixer(corpus, replace(RULES, without_dialogue=1.0), seed=1).draw(0)
    assert not bare.dialogue.any() and (bare.music + bare.effects).any()
    rules = replace(RULES, without_dialogue=0.0, without_background=1.0)
    voice = Mixer(corpus, rules, seed=1).draw(0)
    assert voice.dialogue.any() and not voice.music.any() and not voice.effects.any()


def test_the_level_of_dialogue_over_background_is_the_one_asked_for(corpus: Corpus) -> None:
    rules = replace(RULES, without_dialogue=0.0, without_background=0.0, dialogue_over_background=(6.0, 0.0))
    mixture = Mixer(corpus, rules, seed=2).draw(1)
    ratio = active_rms(mixture.dialogue) / active_rms(mixture.music + mixture.effects)
    assert 20 * np.log10(ratio) == pytest.approx(6.0, abs=0.01)


def test_a_corpus_of_speech_alone_is_mixed_with_made_sounds(corpus: Corpus) -> None:
    speech = corpus.with_clips(corpus.of("speech"))
    mixture = Mixer(speech, replace(RULES, without_background=0.0), seed=1).draw(0)
    assert (mixture.music + mixture.effects).any()


def test_pauses_do_not_count_towards_the_level() -> None:
    sound = np.zeros(RATE, np.float32)
    sound[: RATE // 2] = 0.1
    assert active_rms(sound) == pytest.approx(0.1, rel=1e-3)
    assert active_rms(np.zeros(RATE, np.float32)) == 0.0


def test_a_room_decays_by_60_db_in_its_rt60() -> None:
    impulse = room(np.random.default_rng(0), rt60=0.5, direct_to_reverberant_db=0.0)
    assert impulse[0] == pytest.approx(1.0, abs=0.1)

    def level(at: float) -> float:
        part = impulse[int((at - 0.03) * RATE) : int((at + 0.03) * RATE)]
        return float(10 * np.log10(np.mean(part**2)))

    assert level(0.10) - level(0.30) == pytest.approx(60 * 0.2 / 0.5, abs=3.0)
    assert np.isfinite(random_room(np.random.default_rng(1))).all()


def test_workers_do_not_change_the_batches(corpus: Corpus) -> None:
    mixer = Mixer(corpus, replace(RULES, seconds=0.5), seed=1)
    here = batches(mixer, batch=2, first=3, workers=0)
    there = batches(mixer, batch=2, first=3, workers=2)
    for number in (3, 4, 5):
        expected = stack_mono(mixer, 2 * number, 2)
        assert torch.equal(next(here), expected) and torch.equal(next(there), expected)
