"""Loudness curves: thinned without losing their extremes, broken by silence, well-formed whatever they hold."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.loudness import specs
from dubline.loudness.measurement import Measurement
from dubline.quality.axis import clock
from dubline.quality.loudness_picture import loudness_svg, thinned


def curves(momentary: np.ndarray) -> pa.Table:
    times = 0.1 * np.arange(1, len(momentary) + 1)
    values = pa.array(momentary, from_pandas=True)
    return pa.table({"time_seconds": pa.array(times), "momentary_lufs": values, "short_term_lufs": values})


def figures(integrated_lufs: float | None = -23.0) -> Measurement:
    return Measurement(
        integrated_lufs=integrated_lufs, dialogue_lufs=None, dialogue_fraction=0.0, lra_lu=None,
        max_momentary_lufs=None, max_short_term_lufs=None, true_peak_dbtp=None, sample_peak_dbfs=None,
        duration_seconds=20.0, sample_rate=48_000, channels=2, layout="stereo",
    )  # fmt: skip


@given(
    values=st.lists(st.one_of(st.floats(-70, 0), st.just(float("nan"))), min_size=1, max_size=400),
    columns=st.integers(1, 50),
)
def test_thinning_keeps_the_extremes(values: list[float], columns: int) -> None:
    curve = np.array(values)
    times, low, high = thinned(np.arange(len(curve), dtype=float), curve, columns)
    assert len(times) == min(columns, len(curve))
    there = curve[np.isfinite(curve)]
    if len(there):
        assert np.nanmin(low) == there.min()
        assert np.nanmax(high) == there.max()
    else:
        assert np.isnan(high).all()


def test_silence_breaks_the_line() -> None:
    curve = np.full(200, -23.0)
    curve[50:60] = np.nan
    drawing = ElementTree.fromstring(loudness_svg(curves(curve), specs.get("ebu-r128"), figures()))
    assert len([path for path in drawing.iter("path") if path.get("class") == "short-term"]) == 2


@pytest.mark.parametrize("curve", [np.zeros(0), np.full(3, np.nan), np.array([-23.0]), np.full(100_000, -23.0)])
def test_any_curve_gives_a_well_formed_drawing_of_bounded_size(curve: np.ndarray) -> None:
    text = loudness_svg(curves(curve), specs.get("ebu-r128-s1"), figures(integrated_lufs=None))
    ElementTree.fromstring(text)
    assert len(text) < 60_000


def test_the_spec_window_is_drawn_where_it_is() -> None:
    drawing = ElementTree.fromstring(
        loudness_svg(curves(np.full(10, -24.0)), specs.get("netflix-nearfield"), figures())
    )
    window = next(rect for rect in drawing.iter("rect") if rect.get("class") == "tolerance")
    # Four LU out of the fifty that the picture spans.
    assert float(window.get("height", 0)) == pytest.approx(194 * 4 / 50, abs=0.1)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (75, "1:15"), (59.96, "1:00"), (0.5, "0:00.5"), (3675.5, "1:01:15.5")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
