import numpy as np
import pytest
from scipy.signal import sosfreqz

from dubline.loudness.kweighting import sections


def test_48_khz_is_the_table_of_the_standard():
    shelf, high_pass = sections(48_000)
    assert shelf.tolist() == [
        1.53512485958697,
        -2.69169618940638,
        1.19839281085285,
        1.0,
        -1.69065929318241,
        0.73248077421585,
    ]
    assert high_pass.tolist() == [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621]


# The bilinear transform bends the frequency axis, the more the closer the shelf lies to half the rate.
@pytest.mark.parametrize(
    ("rate", "tolerance"),
    [(8_000, 0.25), (16_000, 0.06), (22_050, 0.05), (44_100, 0.02), (88_200, 0.02), (96_000, 0.02), (192_000, 0.02)],
)
def test_every_rate_weighs_like_the_table(rate, tolerance):
    hertz = np.geomspace(10, min(rate, 48_000) / 8, 200)
    np.testing.assert_allclose(_decibels(rate, hertz), _decibels(48_000, hertz), rtol=0, atol=tolerance)


def test_derivation_finds_the_table_again():
    hertz = np.geomspace(10, 20_000, 200)
    # A rate next to 48 kHz takes the derived filter.
    np.testing.assert_allclose(_decibels(48_001, hertz), _decibels(48_000, hertz), rtol=0, atol=1e-3)


def _decibels(rate, hertz):
    return 20 * np.log10(np.abs(sosfreqz(sections(rate), hertz, fs=rate)[1]))
