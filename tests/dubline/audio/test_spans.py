import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.spans import Spans


def _paired(edges):
    edges = sorted(edges)
    return Spans(tuple(zip(edges[::2], edges[1::2], strict=False)))


spans = st.lists(st.floats(0, 1e5), max_size=40).map(_paired)


@given(spans, st.lists(st.floats(0, 1e5), max_size=50))
def test_covers_what_a_span_holds(given_spans, times):
    times += [edge for span in given_spans.items for edge in span]
    expected = [any(start <= time < end for start, end in given_spans.items) for time in times]
    assert given_spans.covers(np.array(times, dtype=np.float64)).tolist() == expected


@given(spans)
def test_seconds_add_up(given_spans):
    assert given_spans.seconds == pytest.approx(sum(end - start for start, end in given_spans.items))


@pytest.mark.parametrize("items", [((1.0, 0.5),), ((0.0, 2.0), (1.0, 3.0)), ((5.0, 6.0), (1.0, 2.0))])
def test_spans_are_disjoint_and_rise(items):
    with pytest.raises(ValueError, match="disjoint"):
        Spans(items)


@pytest.mark.parametrize("items", [(), ((0.0, 1.5),), ((0.1, 0.2), (0.2, 0.30000000000000004))])
def test_file_round_trip_to_the_last_bit(items, tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    Spans(items).save(first)
    assert Spans.load(first) == Spans(items)
    Spans.load(first).save(second)
    assert second.read_bytes() == first.read_bytes()
