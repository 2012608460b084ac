from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.repair.spectra import Grid


@given(start=st.integers(-5000, 5000), length=st.integers(1, 9000), rate=st.sampled_from([8000, 44100, 48000, 96000]))
def test_analysis_and_synthesis_give_the_sound_back(start: int, length: int, rate: int) -> None:
    grid = Grid(rate)
    first, last = grid.span(start, start + length)
    samples = np.random.default_rng(0).standard_normal((last - first, 2)).astype(np.float32)
    again = grid.synthesize(grid.analyze(samples))
    inner = np.s_[start - first : start - first + length]
    np.testing.assert_allclose(again[inner], samples[inner], atol=1e-5)


@pytest.mark.parametrize(("rate", "window"), [(8000, 256), (44100, 2048), (48000, 2048), (192000, 8192)])
def test_the_window_lasts_about_forty_milliseconds_at_every_rate(rate: int, window: int) -> None:
    assert Grid(rate).window == window
