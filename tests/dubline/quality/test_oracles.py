"""Masks that know the sources, and the spectrogram they work in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.oracles import ORACLES, ideal_ratio, ideal_wiener, masked, phase_sensitive
from dubline.quality.ratios import si_sdr, snr
from dubline.quality.spectra import power_spectrum, spectrum, waveform


@given(frames=st.integers(1, 9_000), channels=st.integers(1, 3), rate=st.sampled_from((8_000, 44_100, 48_000)))
def test_the_spectrogram_comes_back_as_the_sound_it_was(frames: int, channels: int, rate: int) -> None:
    sound = np.random.default_rng(frames).standard_normal((frames, channels))
    np.testing.assert_allclose(waveform(spectrum(sound, rate), rate, frames), sound, atol=1e-12)


def test_a_sine_stands_in_its_bin() -> None:
    tone = np.sin(2 * np.pi * 3_000 * np.arange(48_000) / 48_000)
    power = power_spectrum(tone, 48_000)[20]
    assert int(power.argmax()) == round(3_000 * 2048 / 48_000)


def test_masks_of_one_bin_worked_out_by_hand() -> None:
    source, rest = np.array([[[3.0 + 0j, 1.0 + 0j, 2.0 + 0j]]]), np.array([[[4.0j, -0.5 + 0j, 0j]]])
    np.testing.assert_allclose(ideal_wiener(source, rest), [[[9 / 25, 0.8, 1.0]]])
    np.testing.assert_allclose(ideal_ratio(source, rest), [[[3 / 5, np.sqrt(0.8), 1.0]]])
    # |s| / |mix| times the cosine between them: 3/5 * 3/5; then 2, which is more than one.
    np.testing.assert_allclose(phase_sensitive(source, rest), [[[9 / 25, 1.0, 1.0]]])


def test_sources_in_bands_of_their_own_come_apart() -> None:
    time = np.arange(48_000)[:, np.newaxis] / 48_000 * 2 * np.pi
    voice, background = np.sin(300 * time), np.sin(5_000 * time)
    for mask in ORACLES.values():
        assert si_sdr(masked(voice, background, mask, 48_000), voice) > 30


def test_the_phase_sensitive_mask_is_the_best_of_the_bounded_masks() -> None:
    voice, background = (np.random.default_rng(seed).standard_normal((48_000, 2)) for seed in (1, 2))
    reached = {name: snr(masked(voice, background, mask, 48_000), voice) for name, mask in ORACLES.items()}
    assert reached["psm"] > reached["irm-wiener"] > reached["irm"] > 0


def test_silence_is_taken_out_of_silence() -> None:
    silence = np.zeros((4_000, 1))
    for mask in ORACLES.values():
        assert not masked(silence, silence, mask, 8_000).any()
        assert masked(silence, silence + 1.0, mask, 8_000) == pytest.approx(0.0)
