from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dubline.vocalization.hysteresis import SpanRules, join, runs

PLAIN = SpanRules(on=0.5, off=0.35, minimum_seconds=0.0, merge_seconds=0.0, pad_seconds=0.0)


def spans(scores: list[float], rules: SpanRules = PLAIN) -> list[tuple[float, float]]:
    return runs(np.array(scores), rules=rules, frame_seconds=1.0, duration_seconds=float(len(scores)))


def test_a_span_lasts_until_the_score_falls_under_the_lower_threshold() -> None:
    assert spans([0.1, 0.4, 0.6, 0.4, 0.4, 0.3, 0.4]) == [(1.0, 5.0)]


def test_short_gaps_are_bridged_before_short_spans_are_dropped() -> None:
    rules = SpanRules(0.5, 0.5, minimum_seconds=3.0, merge_seconds=1.0, pad_seconds=0.0)
    assert spans([1, 0, 1, 0, 0, 0, 1, 0], rules) == [(0.0, 3.0)]


def test_padding_stays_inside_the_file_and_joins_what_it_makes_touch() -> None:
    rules = SpanRules(0.5, 0.5, minimum_seconds=0.0, merge_seconds=0.0, pad_seconds=1.0)
    assert spans([1, 0, 0, 1, 0, 0, 0, 0, 1], rules) == [(0.0, 5.0), (7.0, 9.0)]


@given(
    scores=arrays(np.float32, st.integers(0, 60), elements=st.floats(0, 1, width=32)),
    minimum=st.floats(0, 1),
    merge=st.floats(0, 1),
    pad=st.floats(0, 0.5),
)
def test_spans_are_disjoint_rising_inside_the_file_and_hold_every_sure_stretch(
    scores: np.ndarray, minimum: float, merge: float, pad: float
) -> None:
    rules = SpanRules(0.5, 0.35, minimum, merge, pad)
    duration = len(scores) * 0.032
    found = runs(scores, rules=rules, frame_seconds=0.032, duration_seconds=duration)
    edges = [edge for span in found for edge in span]
    assert all(a <= b for a, b in itertools.pairwise(edges))
    assert all(0 <= a < b <= duration for a, b in found)
    if minimum <= 0.032:
        sure = (np.flatnonzero(scores >= 0.5) + 0.5) * 0.032
        assert all(any(a <= at <= b for a, b in found) for at in sure)


def test_joining_sorts() -> None:
    assert join([(5, 6), (1, 2), (2.5, 3)], gap=0.5) == [(1, 3), (5, 6)]
