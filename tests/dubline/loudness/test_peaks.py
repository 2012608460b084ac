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


@pytest.mark.parametrize("hertz", [50, 997, 5_000, 10_000, 15_000, 20_000])
def test_interpolation_is_flat(hertz):
    phases = np.arange(200) / 200 * np.pi
    time = np.arange(2_000) / 48_000
    for phase in phases[::20]:
        wave = np.sin(2 * np.pi * hertz * time + phase)
        meter = PeakMeter(48_000, 1)
        meter.process((wave * tukey(2_000, 0.2))[None, :].astype(np.float32))
        level = 20 * np.log10(meter.true_peak)
        # Four readings per sample miss the crest of a 20 kHz sine by at most 0.58 dB (BS.1770-4, Annex 2).
        assert -0.6 <= level <= 0.1


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3_000)),
    rate=st.sampled_from([44_100, 48_000, 96_000]),
    size=st.integers(1, 3_000),
    bursts=st.booleans(),
)
def test_skipping_and_cutting_change_nothing(seed, shape, rate, size, bursts):
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


def test_above_192_khz_samples_are_the_peak():
    meter = PeakMeter(192_000, 1)
    meter.process(np.array([[0.1, -0.7, 0.2]], dtype=np.float32))
    meter.finish()
    assert meter.true_peak == meter.sample_peak == np.float32(0.7)


def _everywhere(samples, factor):
    """The peak with every phase computed at every sample, in double precision."""
    dense = max(np.abs(upfirdn(phase[::-1], channel)).max() for phase in interpolator(factor) for channel in samples)
    return max(dense, np.abs(samples).max())
