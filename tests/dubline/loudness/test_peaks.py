import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import upfirdn
from scipy.signal.windows import tukey

from dubline.loudness.peaks import PeakMeter, interpolator, oversampling


@pytest.mark.parametrize(
    ("rate", "factor"), [(44_100, 4), (48_000, 4), (95_999, 4), (96_000, 2), (176_400, 2), (192_000, 1), (384_000, 1)]
)
def test_oversampling_follows_the_rate(rate, factor):
    assert oversampling(rate) == factor


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 88_200, 96_000, 176_400])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.2, 0.3, 0.4167])
def test_the_true_peak_of_a_sine_is_its_amplitude(rate, share):
    # Read at n points a sample, a sine of f Hz is missed by cos(pi f / n fs) at most (BS.1770-4, Annex 2, attachment
    # 1); the interpolator adds 0.05 dB either way at most up to 20 kHz at 48 kHz.
    crest = 20 * np.log10(np.cos(np.pi * share / oversampling(rate)))
    for phase in np.linspace(0, np.pi, 11):
        wave = np.sin(2 * np.pi * share * np.arange(4_000) + phase) * tukey(4_000, 0.2)
        meter = PeakMeter(rate, 1)
        meter.process(wave[None].astype(np.float32))
        assert crest - 0.05 <= 20 * np.log10(meter.true_peak) <= 0.05


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3_000)),
    rate=st.sampled_from([44_100, 48_000, 96_000]),
    size=st.integers(1, 3_000),
    bursts=st.booleans(),
)
def test_cutting_changes_nothing(seed, shape, rate, size, bursts):
    rng = np.random.default_rng(seed)
    channels, frames = shape
    samples = rng.standard_normal(shape)
    if bursts:
        samples *= 10 ** rng.uniform(-4, 0, (1, frames))
    samples = samples.astype(np.float32)
    meter = PeakMeter(rate, channels)
    for start in range(0, frames, size):
        meter.process(samples[:, start : start + size])
    meter.finish()
    assert meter.true_peak == pytest.approx(_everywhere(samples.astype(np.float64), oversampling(rate)), rel=1e-5)
    assert meter.sample_peak == np.abs(samples).max()


def test_every_piece_has_its_peaks():
    samples = np.zeros((2, 4_000), dtype=np.float32)
    # Two equal samples peak between them, 2 dB above either and more.
    samples[0, 1_500:1_502] = 0.5
    samples[1, 3_500] = -0.25
    meter = PeakMeter(48_000, 2)
    sample_peaks, true_peaks = meter.process(samples, np.arange(0, 4_000, 1_000))
    assert sample_peaks.tolist() == [0.0, 0.5, 0.0, 0.25]
    assert true_peaks[1] > 0.6
    assert true_peaks[[0, 2]].tolist() == [0.0, 0.0]
    assert true_peaks[3] == pytest.approx(0.25, abs=1e-3)


def test_above_192_khz_samples_are_the_peak():
    meter = PeakMeter(192_000, 1)
    meter.process(np.array([[0.1, -0.7, 0.2]], dtype=np.float32))
    meter.finish()
    assert meter.true_peak == meter.sample_peak == np.float32(0.7)


def _everywhere(samples, factor):
    """The peak with every phase computed at every sample, in double precision."""
    dense = max(np.abs(upfirdn(phase[::-1], channel)).max() for phase in interpolator(factor) for channel in samples)
    return max(dense, np.abs(samples).max())
