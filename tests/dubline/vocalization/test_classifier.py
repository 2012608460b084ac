"""The event classifier, heard in pieces."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.vocalization.classifier import Classifier, Decided
from dubline.vocalization.events import LABELS
from dubline.vocalization.network import EventNet, EventNetConfig
from dubline.vocalization.silero import FRAME, HIDDEN

SMALL = EventNetConfig(widths=(8, 16, 16), hidden=32, dilations=(1, 2, 4))


@pytest.fixture(scope="module")
def network() -> EventNet:
    torch.manual_seed(1)
    return EventNet(SMALL).eval()


def together(parts: list[Decided]) -> Decided:
    return Decided(*(np.concatenate(each) for each in zip(*parts, strict=True)))


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 4 * 16_000), max_size=6), seed=st.integers(0, 9), piece=st.integers(1, 60))
def test_pieces_give_what_the_whole_gives(network: EventNet, cuts: list[int], seed: int, piece: int) -> None:
    rng = np.random.default_rng(seed)
    sound = (0.1 * rng.standard_normal((4 * 16_000 + 37, 3))).astype(np.float32)
    whole = Classifier(2, network, piece=10_000)
    one = together([whole.process(sound[:, :2], sound[:, 2:]), whole.flush()])
    pieces = Classifier(2, network, piece=piece)
    edges = [0, *sorted(cuts), len(sound)]
    parts = [pieces.process(sound[a:b, :2], sound[a:b, 2:]) for a, b in itertools.pairwise(edges)]
    several = together([*parts, pieces.flush()])
    assert len(one.scores) == -(-len(sound) // FRAME)
    np.testing.assert_allclose(several.scores, one.scores, atol=1e-5)
    np.testing.assert_allclose(several.speech, one.speech, atol=1e-5)


@pytest.mark.parametrize("place", [0, FRAME // 2, FRAME - 1])
def test_the_reach_is_as_far_as_a_click_is_felt(place: int) -> None:
    known = torch.zeros(1, 128, HIDDEN)
    quiet = torch.zeros(1, 128 * FRAME)
    click = quiet.clone()
    click[0, 64 * FRAME + place] = 10.0
    felt = []
    for seed in range(4):
        torch.manual_seed(seed)
        network = EventNet(SMALL).eval()
        with torch.inference_mode():
            change = (network(click, quiet, known) - network(quiet, quiet, known)).abs().amax(2)[0]
        felt += torch.nonzero(change).flatten().tolist()
    far = max(64 - min(felt), max(felt) - 64)
    assert network.config.reach - 1 <= far <= network.config.reach


def test_sound_that_is_not_finite_counts_as_silence(network: EventNet) -> None:
    silence = np.zeros((16_000, 1), np.float32)
    broken = silence.copy()
    broken[5_000] = np.nan
    broken[6_000] = np.inf
    heard = []
    for sound in (silence, broken):
        classifier = Classifier(1, network)
        heard.append(together([classifier.process(sound), classifier.flush()]))
    np.testing.assert_array_equal(heard[0].scores, heard[1].scores)
    assert heard[0].scores.shape == (32, 1, len(LABELS))


def test_nothing_heard_gives_nothing(network: EventNet) -> None:
    classifier = Classifier(1, network)
    assert len(classifier.process(np.zeros((0, 1), np.float32)).scores) == 0
    assert len(classifier.flush().scores) == 0
