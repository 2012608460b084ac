import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.resample import resample_blocks, resample_wav, resampled_frames
from dubline.audio.wav import WavReader
from dubline.errors import Cancelled

RATES = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000]
PAIRS = [(44_100, 48_000), (48_000, 44_100), (96_000, 48_000), (48_000, 96_000), (8_000, 48_000), (22_050, 48_000)]


def resample(samples, rate_in, rate_out, size=65_536):
    blocks = (samples[at : at + size] for at in range(0, len(samples), size))
    out = list(resample_blocks(blocks, rate_in=rate_in, rate_out=rate_out, channels=samples.shape[1]))
    return np.concatenate([samples[:0], *out])


@settings(max_examples=100, deadline=None)
@given(
    rates=st.tuples(st.sampled_from(RATES), st.sampled_from(RATES)),
    frames=st.integers(0, 20_000),
    channels=st.sampled_from([1, 2, 6]),
    size=st.integers(1, 20_000),
)
def test_length_is_exact(rates, frames, channels, size):
    size = max(size, frames // 50)
    samples = np.zeros((frames, channels), dtype=np.float32)
    found = resample(samples, *rates, size)
    assert found.shape == (resampled_frames(frames, *rates), channels)
    assert abs(len(found) - frames * rates[1] / rates[0]) <= 0.5


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
@pytest.mark.parametrize("seconds", [0.1, 0.5, 0.9])
def test_an_impulse_stays_where_it_was(rate_in, rate_out, seconds):
    at = round(seconds * rate_in)
    samples = np.zeros((rate_in, 2), dtype=np.float32)
    samples[at] = 1.0
    found = resample(samples, rate_in, rate_out)[:, 0].astype(np.float64)
    # An impulse answers symmetrically: the middle of its energy is its place, to a hundredth of a sample.
    energy = found**2
    middle = (energy * np.arange(len(found))).sum() / energy.sum()
    assert middle == pytest.approx(at * rate_out / rate_in, abs=0.01)


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
@pytest.mark.parametrize("hertz", [50.0, 997.0, 3_000.0])
def test_a_sine_keeps_level_and_phase(rate_in, rate_out, hertz):
    time_in, time_out = np.arange(2 * rate_in) / rate_in, np.arange(2 * rate_out) / rate_out
    samples = (0.5 * np.sin(2 * np.pi * hertz * time_in))[:, None].astype(np.float32)
    found = resample(samples, rate_in, rate_out)[:, 0]
    expected = 0.5 * np.sin(2 * np.pi * hertz * time_out)
    inside = slice(rate_out // 10, -rate_out // 10)
    np.testing.assert_allclose(found[inside], expected[inside], rtol=0, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(rates=st.sampled_from(PAIRS), size=st.integers(50, 9_000), seed=st.integers(0, 1_000))
def test_how_the_stream_is_cut_changes_nothing(rates, size, seed):
    samples = np.random.default_rng(seed).uniform(-1, 1, (9_000, 2)).astype(np.float32)
    np.testing.assert_allclose(resample(samples, *rates, size), resample(samples, *rates), rtol=0, atol=1e-6)


def test_equal_rates_pass_every_bit():
    samples = np.random.default_rng(0).standard_normal((1_000, 2)).astype(np.float32)
    np.testing.assert_array_equal(resample(samples, 48_000, 48_000, 77), samples)


def test_what_the_new_rate_cannot_hold_is_gone():
    time = np.arange(192_000) / 96_000
    samples = np.sin(2 * np.pi * 30_000 * time)[:, None].astype(np.float32)
    found = resample(samples, 96_000, 48_000)[4_800:-4_800]
    assert np.abs(found).max() < 10 ** (-120 / 20)


def test_a_file_at_another_rate(tmp_path, write_wav):
    source = write_wav(tmp_path / "in.wav", np.full((44_101, 6), 0.25, np.float32), rate=44_100, layout="5.1(side)")
    target = tmp_path / "out.wav"
    seen = []
    resample_wav(source, target, rate=48_000, progress=lambda done, total: seen.append((done, total)))
    with WavReader(target) as reader:
        assert (reader.rate, reader.layout.name, reader.frames) == (48_000, "5.1(side)", 48_001)
        np.testing.assert_allclose(reader.read()[2_000:-2_000], 0.25, atol=1e-6)
    assert seen[-1] == (48_001, 48_001)
    with pytest.raises(Cancelled):
        resample_wav(source, target, rate=48_000, cancelled=lambda: True)
