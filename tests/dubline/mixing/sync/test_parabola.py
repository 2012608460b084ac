from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.mixing.sync.parabola import between


@given(top=st.floats(2.5, 6.5), width=st.floats(0.1, 10))
def test_the_top_of_a_parabola_is_where_it_is(top: float, width: float) -> None:
    values = 1.0 - np.square((np.arange(10) - top) / width)
    at = int(values.argmax())
    assert at + between(values, at) == pytest.approx(top, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "at"), [([3.0, 1.0, 0.0], 0), ([0.0, 1.0, 3.0], 2), ([1.0, 1.0, 1.0], 1), ([1.0], 0)]
)
def test_without_a_sample_on_both_sides_or_a_peak_the_sample_itself_is_the_top(values: list[float], at: int) -> None:
    assert between(np.array(values), at) == 0.0
