"""Reels hold their events where and as loud as they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dubline.training.corpus import Corpus
from dubline.training.hearing.made import with_made
from dubline.training.hearing.material import Material, material_of
from dubline.training.hearing.reels import SECONDS, voiced_reel, voiceless_reel
from dubline.vocalization.silero import RATE as HEARD_RATE


@pytest.fixture(scope="module")
def material(corpus: Corpus) -> Material:
    return with_made(material_of(corpus), corpus, seed=1, each=4)


def test_labels_take_turns_and_events_lie_inside(material: Material) -> None:
    reel = voiced_reel(np.random.default_rng(1), material, 0)
    assert len(reel.me) == pytest.approx(SECONDS * HEARD_RATE, abs=512)
    assert len({event.label for event in reel.true}) >= 5
    assert all(0.0 <= event.start_seconds < event.end_seconds <= SECONDS for event in reel.true)


def test_voices_do_not_meet_each_other(material: Material) -> None:
    reel = voiced_reel(np.random.default_rng(2), material, 0)
    spans = sorted((event.start_seconds, event.end_seconds) for event in reel.true)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_a_voice_raises_the_level_by_what_it_says(material: Material) -> None:
    voiced = voiced_reel(np.random.default_rng(3), material, 0)
    # The same drawing draws the same background first.
    alone = voiceless_reel(np.random.default_rng(3), material).me
    found = []
    for event in voiced.true:
        span = slice(round(event.start_seconds * HEARD_RATE), round(event.end_seconds * HEARD_RATE))
        voice, under = voiced.me[span] - alone[span], alone[span]
        if np.square(under).mean() > 1e-8:
            found.append(10.0 * np.log10(np.square(voice).mean() / np.square(under).mean()) - event.level_db)
    assert abs(np.median(found)) < 1.5


def test_without_voices_nothing_is_true(material: Material) -> None:
    for seed in range(4):
        assert voiceless_reel(np.random.default_rng(seed), material).true == ()
