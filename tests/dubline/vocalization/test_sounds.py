"""From chances to sounds: frames of 50 ms, thresholds of 0.5 and 0.3, `beside` at 0.9."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.rules import DetectionRules, LabelRules, SileroRules, VoiceRules
from dubline.vocalization.sounds import Sound, any_voice, peak, sounds_of, with_sound, without

FRAME = 0.05
Scores = npt.NDArray[np.float32]
Span = tuple[float, float]

PLAIN = LabelRules(midpoint=0.5, minimum_seconds=0.2, merge_seconds=0.2, pad_seconds=0.0)
RULES = DetectionRules(
    id="plain",
    version=1,
    name="Plain",
    source="test",
    voice=VoiceRules(threshold=0.5, release=0.3, beside=0.9),
    silero=SileroRules(midpoint=0.5, slope=1.0),
    labels=dict.fromkeys(LABELS, PLAIN),
)


def scored(**labels: list[tuple[int, int, float]]) -> Scores:
    """Ten seconds of silence, but for each label its stretches: first frame, the one after the last, score."""
    scores = np.zeros((200, len(LABELS)), np.float32)
    for label, stretches in labels.items():
        for start, end, score in stretches:
            scores[start:end, LABELS.index(label)] = score  # type: ignore[arg-type]
    return scores


def heard(scores: Scores, rules: DetectionRules = RULES) -> dict[str, list[tuple[float, float]]]:
    """Spans by label."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in sounds_of(scores, rules=rules, frame_seconds=FRAME, duration_seconds=len(scores) * FRAME):
        found.setdefault(one.label, []).append((round(one.start_seconds, 3), round(one.end_seconds, 3)))
    return found


def test_the_surest_of_the_labels_of_one_sound_names_it() -> None:
    assert heard(scored(shout=[(20, 40, 0.8)], crying=[(20, 40, 0.6)])) == {"shout": [(1.0, 2.0)]}


def test_two_labels_are_both_reported_where_both_are_beyond_doubt() -> None:
    scores = scored(speech=[(20, 60, 0.99)], laughter=[(30, 40, 0.95)], crowd=[(30, 40, 0.6)])
    assert heard(scores) == {"speech": [(1.0, 3.0)], "laughter": [(1.5, 2.0)]}


def test_sounds_that_follow_each_other_are_two() -> None:
    assert heard(scored(laughter=[(20, 40, 0.8)], cough=[(40, 50, 0.8)])) == {
        "laughter": [(1.0, 2.0)],
        "cough": [(2.0, 2.5)],
    }


def test_a_label_that_flickers_inside_a_sound_does_not_cut_it() -> None:
    scores = scored(crying=[(20, 60, 0.7)], shout=[(30, 32, 0.9), (45, 47, 0.8)])
    assert heard(scores) == {"crying": [(1.0, 3.0)]}


def test_what_is_too_short_for_its_label_goes_to_the_next_one_there() -> None:
    scores = scored(breath=[(20, 24, 0.6), (24, 26, 0.45)], exertion=[(20, 21, 0.4), (21, 26, 0.7)])
    long = RULES.model_copy(
        update={"labels": RULES.labels | {"exertion": PLAIN.model_copy(update={"minimum_seconds": 1})}}
    )
    assert list(heard(scores)) == ["exertion"]
    assert heard(scores, long) == {"breath": [(1.0, 1.3)]}


def test_pieces_of_one_sound_are_one_event_and_a_click_is_none() -> None:
    scores = scored(laughter=[(20, 23, 0.9), (25, 28, 0.9), (30, 33, 0.9), (100, 102, 0.9)])
    assert heard(scores) == {"laughter": [(1.0, 1.65)]}


def test_a_voice_is_heard_where_nobody_can_say_which() -> None:
    scores = scored(shout=[(20, 40, 0.3), (60, 80, 0.3)], crying=[(20, 40, 0.35)], exertion=[(20, 40, 0.3)])
    assert heard(scores) == {"crying": [(1.0, 2.0)]}


def test_an_event_says_how_sure_a_voice_is_in_it_at_its_surest() -> None:
    scores = scored(speech=[(20, 30, 0.6), (30, 32, 0.75), (32, 40, 0.4)], crowd=[(30, 31, 0.2)])
    (sound,) = sounds_of(scores, rules=RULES, frame_seconds=FRAME, duration_seconds=10.0)
    assert sound == Sound("speech", 1.0, 2.0, pytest.approx(1.0 - 0.25 * 0.8))


@pytest.mark.parametrize("frames", [0, 1])
def test_hardly_any_sound_is_no_event(frames: int) -> None:
    scores = np.ones((frames, len(LABELS)), np.float32)
    assert sounds_of(scores, rules=RULES, frame_seconds=FRAME, duration_seconds=frames * FRAME) == []


every_score = arrays(
    np.float32, st.tuples(st.integers(0, 50), st.just(len(LABELS))), elements=st.sampled_from([0, 0.2, 0.4, 0.6, 0.95])
)


@settings(max_examples=60, deadline=None)
@given(scores=every_score)
def test_every_event_is_earned_and_none_of_a_label_overlap(scores: Scores) -> None:
    duration = len(scores) * FRAME
    found = sounds_of(scores, rules=RULES, frame_seconds=FRAME, duration_seconds=duration)
    for label in LABELS:
        spans = [(one.start_seconds, one.end_seconds) for one in found if one.label == label]
        assert all(a >= 0 and b <= duration + 1e-9 and b - a >= 0.2 - 1e-9 for a, b in spans)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    for one in found:
        assert one.score == peak(any_voice(scores), one.start_seconds, one.end_seconds, FRAME) >= 0.5
    for at, label in enumerate(LABELS):
        for start in range(len(scores) - 4):
            if scores[start : start + 5, at].min() >= 0.9:
                assert any(o.label == label and o.start_seconds <= (start + 2) * FRAME <= o.end_seconds for o in found)


def sounds(*spans: tuple[Label, float, float, float]) -> list[Sound]:
    return [Sound(*span) for span in spans]


def test_a_sound_heard_twice_is_one_and_yields_to_what_else_is_there() -> None:
    known = sounds(("speech", 1.0, 2.0, 0.6), ("laughter", 2.5, 3.0, 0.8))
    assert with_sound(known, Sound("speech", 1.5, 3.5, 0.9), shortest_seconds=0.2) == sounds(
        ("laughter", 2.5, 3.0, 0.8), ("speech", 1.0, 2.5, 0.9), ("speech", 3.0, 3.5, 0.9)
    )


def test_what_others_leave_too_little_of_is_no_sound() -> None:
    known = sounds(("laughter", 1.0, 2.0, 0.8))
    assert with_sound(known, Sound("speech", 0.9, 2.1, 0.9), shortest_seconds=0.2) == known


ordered = st.tuples(st.floats(0, 9), st.floats(0.01, 3)).map(lambda span: (span[0], span[0] + span[1]))


@given(spans=st.lists(ordered, max_size=4), taken=st.lists(ordered, max_size=4), at=st.floats(0, 12))
def test_what_is_left_of_spans_is_in_them_and_not_taken(spans: list[Span], taken: list[Span], at: float) -> None:
    inside = any(a < at < b for a, b in spans) and not any(a <= at <= b for a, b in taken)
    assert any(a < at < b for a, b in without(spans, taken)) == inside
