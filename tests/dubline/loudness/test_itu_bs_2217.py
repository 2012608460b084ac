"""Checks in the manner of ITU-R BS.2217: tones, channels, gates and a sweep whose loudness is known, within 0.1 LU.

Levels come from the response of the two biquads that BS.1770-4 tabulates, worked out here from the tables.
"""

import math

import numpy as np
import pytest

from dubline.audio.layout import Layout

TOLERANCE_LU = 0.1
RATES = [44_100, 48_000, 96_000]
TABLES = [
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
]
LAYOUTS = ["mono", "stereo", "3.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1",
           "5.1.2", "5.1.2(back)", "5.1.4", "7.1.2", "7.1.4"]  # fmt: skip


def k_weighting(hertz):
    """Magnitude of the tabulated filter."""
    z = np.exp(-2j * np.pi * np.asarray(hertz) / 48_000)
    parts = [np.polynomial.polynomial.polyval(z, b) / np.polynomial.polynomial.polyval(z, a) for b, a in TABLES]
    return np.abs(np.prod(parts, axis=0))


def amplitude(lufs, hertz, power=1.0):
    """Peak of a sine that reads ``lufs`` in channels whose weights add up to ``power``."""
    return np.sqrt(2 * 10 ** ((lufs + 0.691) / 10) / power) / k_weighting(hertz)


def sine(level, hertz, seconds, *, rate=48_000):
    return (level * np.sin(2 * np.pi * hertz / rate * np.arange(round(seconds * rate)))).astype(np.float32)[:, None]


def weight(tag, tags):
    """BS.1770-4, table 4: 60 to 120 degrees to the side at ear level. A lone pair of surrounds stands at 110 degrees,
    of two pairs the side pair at 90 and the back pair at 135 (BS.2051)."""
    if tag == "LFE":
        return 0.0
    return 1.41 if tag[0] == "S" or (tag[0] == "B" and "SL" not in tags) else 1.0


@pytest.mark.parametrize("lufs", [-23.0, -24.0])
@pytest.mark.parametrize("hertz", [25, 100, 500, 1_000, 2_000, 10_000])
@pytest.mark.parametrize("rate", RATES)
def test_tones_on_both_channels(hertz, lufs, rate, measure):
    mono = sine(amplitude(lufs, hertz, power=2), hertz, 2, rate=rate)
    assert measure(np.repeat(mono, 2, axis=1), rate=rate).integrated_lufs == pytest.approx(lufs, abs=TOLERANCE_LU)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_channel_alone(layout, measure):
    tags = Layout.parse(layout).tags
    for column, tag in enumerate(tags):
        samples = np.zeros((48_000, len(tags)), dtype=np.float32)
        samples[:, [column]] = sine(0.1, 997, 1)
        result = measure(samples, layout)
        assert result.true_peak_dbtp == pytest.approx(-20.0, abs=0.05)
        if tag == "LFE":
            assert (result.integrated_lufs, result.max_momentary_lufs, result.ungated_lufs) == (None, None, None)
        else:
            expected = -23.01 + 10 * math.log10(weight(tag, tags))
            assert result.integrated_lufs == pytest.approx(expected, abs=TOLERANCE_LU)


@pytest.mark.parametrize("lufs", [-23.0, -24.0])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1", "7.1.4"])
def test_all_channels_together(layout, rate, lufs, measure):
    tags = Layout.parse(layout).tags
    power = sum(weight(tag, tags) for tag in tags)
    samples = np.repeat(sine(amplitude(lufs, 1_000, power), 1_000, 1.5, rate=rate), len(tags), axis=1)
    assert measure(samples, layout, rate=rate).integrated_lufs == pytest.approx(lufs, abs=TOLERANCE_LU)


@pytest.mark.parametrize("rate", RATES)
def test_a_sweep_of_equal_loudness(rate, measure):
    # Loud where the filter is deaf: from 40 Hz to 18 kHz in 12 s, every moment reads -18.
    hertz = np.geomspace(40, 18_000, 12 * rate)
    wave = amplitude(-18.0, hertz) * np.sin(2 * np.pi * np.cumsum(hertz) / rate)
    result = measure(wave.astype(np.float32)[:, None], "mono", rate=rate)
    assert result.integrated_lufs == pytest.approx(-18.0, abs=TOLERANCE_LU)
    assert result.max_momentary_lufs == pytest.approx(-18.0, abs=2 * TOLERANCE_LU)


def test_the_absolute_gate(measure):
    # Just above it counts, just below does not, with or without company.
    above, below = (sine(amplitude(lufs, 1_000), 1_000, 10) for lufs in (-69.5, -70.5))
    assert measure(above, "mono").integrated_lufs == pytest.approx(-69.5, abs=TOLERANCE_LU)
    assert measure(below, "mono").integrated_lufs is None
    both = measure(np.vstack([above, below]), "mono")
    assert both.integrated_lufs == pytest.approx(-69.5, abs=TOLERANCE_LU)
    assert both.ungated_lufs == pytest.approx(-70.0, abs=TOLERANCE_LU)


@pytest.mark.parametrize(("quiet", "expected"), [(-24.0, -10.0), (-21.0, -12.68)])
def test_the_relative_gate(quiet, expected, measure):
    # Both passages together read -12.8 or -12.7, so the gate stands near -22.7.
    samples = np.vstack([sine(amplitude(lufs, 1_000), 1_000, 20) for lufs in (-10.0, quiet)])
    assert measure(samples, "mono").integrated_lufs == pytest.approx(expected, abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    ("rate", "tolerance"),
    # So close to half the rate the bilinear transform bends the shelf; nothing is delivered there.
    [(8_000, 0.25), (11_025, 0.15), *((rate, TOLERANCE_LU) for rate in (22_050, 32_000, 88_200, 176_400, 192_000))],
)
def test_other_rates(rate, tolerance, measure):
    # BS.1770-4 Annex 1: 997 Hz at 0 dBFS in one front channel reads -3.01.
    result = measure(np.hstack([sine(1.0, 997, 3, rate=rate), np.zeros((3 * rate, 1), np.float32)]), rate=rate)
    assert result.integrated_lufs == pytest.approx(-3.01, abs=tolerance)
    assert result.max_momentary_lufs == pytest.approx(-3.01, abs=tolerance)
    assert result.true_peak_dbtp == pytest.approx(0.0, abs=0.05)
    assert result.duration_seconds == 3.0
