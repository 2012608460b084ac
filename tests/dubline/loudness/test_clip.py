"""Loudness of short sounds: the standard's tone, the stream meter, and pyloudnorm as the reference."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from dubline.audio.layout import Layout
from dubline.loudness.clip import integrated_loudness, true_peak_db
from dubline.loudness.meter import Meter

RATE = 48_000


def tone(seconds: float, frequency: float = 997.0, amplitude: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.79, 0.8, 3.0])
def test_a_full_scale_tone_reads_minus_3_01(seconds: float) -> None:
    # BS.1770-4, Annex 1: a 997 Hz sine at 0 dBFS in one channel.
    assert integrated_loudness(tone(seconds), RATE) == pytest.approx(-3.01, abs=0.05)


def test_it_agrees_with_the_stream_meter() -> None:
    noise = np.random.default_rng(1).standard_normal(5 * RATE).astype(np.float32) * 0.05
    noise[RATE : 2 * RATE] *= 0.01
    meter = Meter(RATE, Layout.parse("mono"))
    meter.process(noise[:, None])
    figures = meter.measurement()
    assert integrated_loudness(noise, RATE) == pytest.approx(figures.integrated_lufs, abs=1e-4)
    assert true_peak_db(noise, RATE) == pytest.approx(figures.true_peak_dbtp, abs=1e-4)


@pytest.mark.parametrize("seconds", [0.05, 0.3, 0.7])
def test_a_short_sound_is_one_block_as_pyloudnorm_measures_it(seconds: float) -> None:
    noise = (np.random.default_rng(2).standard_normal(round(seconds * RATE)) * 0.1).astype(np.float32)
    reference = pyloudnorm.Meter(RATE, filter_class="DeMan", block_size=(len(noise) - 1) / RATE)
    assert integrated_loudness(noise, RATE) == pytest.approx(reference.integrated_loudness(noise), abs=0.05)


def test_what_nobody_hears_has_no_loudness() -> None:
    for silent in (np.zeros(0), np.zeros(1), np.ones(1), np.zeros(RATE), 1e-5 * tone(0.5), 1e-5 * tone(2.0)):
        assert integrated_loudness(silent.astype(np.float32), RATE) is None
    assert true_peak_db(np.zeros(100, np.float32), RATE) is None
    assert true_peak_db(np.zeros(0, np.float32), RATE) is None
