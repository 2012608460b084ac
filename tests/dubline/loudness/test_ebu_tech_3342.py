"""EBU Tech 3342: loudness range of the signals that can be synthesized, within 1 LU."""

import pytest


@pytest.mark.parametrize(
    ("case", "levels", "expected"),
    [
        (1, [-20, -30], 10),
        (2, [-20, -15], 5),
        (3, [-40, -20], 20),
        (4, [-50, -35, -20, -35, -50], 15),
    ],
)
def test_loudness_range(case, levels, expected, tone, measure):
    result = measure(tone([(20, level) for level in levels]))
    assert result.lra_lu == pytest.approx(expected, abs=1.0)
