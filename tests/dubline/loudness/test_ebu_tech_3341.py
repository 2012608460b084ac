"""EBU Tech 3341 (November 2023), table 1: every case that can be synthesized, within the table's tolerance."""

import math

import numpy as np
import pytest
from scipy.signal import firwin, oaconvolve

from dubline.audio.layout import Layout
from dubline.loudness.meter import Meter

TOLERANCE_LU = 0.1
SILENCE = -math.inf
STEPS = range(20)


@pytest.mark.parametrize(("case", "level"), [(1, -23.0), (2, -33.0)])
def test_steady_tone_reads_its_level_on_all_three_meters(case, level, tone, measure):
    result = measure(tone([(20, level)]))
    assert result.max_momentary_lufs == pytest.approx(level, abs=TOLERANCE_LU)
    assert result.max_short_term_lufs == pytest.approx(level, abs=TOLERANCE_LU)
    assert result.integrated_lufs == pytest.approx(level, abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    ("case", "segments"),
    [
        (3, [(10, -36), (60, -23), (10, -36)]),
        (4, [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)]),
        (5, [(20, -26), (20.1, -20), (20, -26)]),
    ],
)
def test_gates(case, segments, tone, measure):
    assert measure(tone(segments)).integrated_lufs == pytest.approx(-23.0, abs=TOLERANCE_LU)


@pytest.mark.parametrize("layout", ["5.0", "5.0(side)", "5.1", "5.1(side)"])
def test_case_6_surround_weights(layout, tone, measure):
    levels = {"FL": -28, "FR": -28, "FC": -24, "BL": -30, "BR": -30, "SL": -30, "SR": -30, "LFE": SILENCE}
    mono = tone([(20, 0)], channels=1)
    samples = np.hstack([mono * 10 ** (levels[tag] / 20) for tag in Layout.parse(layout).tags]).astype(np.float32)
    assert measure(samples, layout).integrated_lufs == pytest.approx(-23.0, abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    ("case", "figure", "segments", "settled", "window"),
    [
        (9, "max_short_term_lufs", [(1.34, -20), (1.66, -30)] * 5, 3, 3.0),
        (12, "max_momentary_lufs", [(0.18, -20), (0.22, -30)] * 25, 1, 0.4),
    ],
)
def test_pulsed_tone_reads_constant(case, figure, segments, settled, window, tone):
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone(segments))
    # One window is one segment, so each of the meter's readings, one every 10 ms, can be asked for; and the curve.
    starts = settled + np.arange(round(window * 100)) / 100
    readings = [getattr(meter.measurement(span=(start, start + window)), figure) for start in starts]
    np.testing.assert_allclose(readings, -23.0, atol=TOLERANCE_LU)
    curves = meter.curves()
    drawn = curves[figure.removeprefix("max_")].to_numpy()[curves["time_seconds"].to_numpy() >= settled]
    np.testing.assert_allclose(drawn, -23.0, atol=TOLERANCE_LU)


@pytest.mark.parametrize("step", STEPS)
def test_case_10_maximum_short_term_wherever_the_tone_begins(step, tone, measure):
    result = measure(tone([(step * 0.15, SILENCE), (3, -23), (1, SILENCE)]))
    assert result.max_short_term_lufs == pytest.approx(-23.0, abs=TOLERANCE_LU)


@pytest.mark.parametrize("step", STEPS)
def test_case_11_maximum_short_term_follows_the_level(step, tone, measure):
    level = -38 + step
    samples = tone([part for i in _with_the_one_before(step) for part in _live(i, 3.0, 0.15)])
    assert measure(samples).max_short_term_lufs == pytest.approx(level, abs=TOLERANCE_LU)


@pytest.mark.parametrize("step", STEPS)
def test_case_13_maximum_momentary_wherever_the_tone_begins(step, tone, measure):
    result = measure(tone([(step * 0.02, SILENCE), (0.4, -23), (1, SILENCE)]))
    assert result.max_momentary_lufs == pytest.approx(-23.0, abs=TOLERANCE_LU)


@pytest.mark.parametrize("step", STEPS)
def test_case_14_maximum_momentary_follows_the_level(step, tone, measure):
    level = -38 + step
    samples = tone([part for i in _with_the_one_before(step) for part in _live(i, 0.4, 0.02)])
    assert measure(samples).max_momentary_lufs == pytest.approx(level, abs=TOLERANCE_LU)


@pytest.mark.parametrize(
    ("divisor", "amplitude", "phase", "expected"),
    [
        pytest.param(4, 0.50, 0.0, -6.0, id="15"),
        pytest.param(4, 0.50, 45.0, -6.0, id="16"),
        pytest.param(6, 0.50, 60.0, -6.0, id="17"),
        pytest.param(8, 0.50, 67.5, -6.0, id="18"),
        pytest.param(4, 1.41, 45.0, 3.0, id="19"),
    ],
)
def test_true_peak_of_sines_between_the_samples(divisor, amplitude, phase, expected, measure):
    time = np.arange(96_000)
    taper = np.minimum(1, np.minimum(time, time[::-1]) / 480)
    wave = amplitude * taper * np.sin(2 * np.pi * time / divisor + np.radians(phase))
    _assert_true_peak(measure(np.repeat(wave[:, None], 2, axis=1).astype(np.float32)), expected)


@pytest.mark.parametrize(("case", "offset"), [(20, 0), (21, 1), (22, 2), (23, 3)])
def test_true_peak_of_one_loud_period(case, offset, measure):
    quiet = 0.5 * np.sin(2 * np.pi * np.arange(24 * 400) / 24)
    loud = np.sin(2 * np.pi * np.arange(16) / 16)
    oversampled = np.concatenate([quiet, loud, quiet])
    wave = oaconvolve(oversampled, firwin(1023, 0.25), mode="same")[offset::4]
    _assert_true_peak(measure(np.repeat(wave[1000:-1000, None], 2, axis=1).astype(np.float32)), 0.0)


def _with_the_one_before(step):
    return range(max(step - 1, 0), step + 1)


def _live(step, seconds, slip):
    return [(step * slip, SILENCE), (seconds, -38 + step), (seconds - step * slip, SILENCE)]


def _assert_true_peak(result, expected):
    assert expected - 0.4 <= result.true_peak_dbtp <= expected + 0.2
