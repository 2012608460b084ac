"""Codecs in memory: same length, no lag, quiet residue, stems that still sum."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.codec import CODECS, random_codec, residue, round_trip


def music_like(frames: int, channels: int) -> Samples:
    """Noise between 100 Hz and 4 kHz, its level moving."""
    rng = np.random.default_rng(frames)
    spectrum = np.fft.rfft(rng.standard_normal((frames, channels)), axis=0)
    frequency = np.fft.rfftfreq(frames, 1 / RATE)
    spectrum[(frequency < 100) | (frequency > 4_000)] = 0
    noise = np.fft.irfft(spectrum, frames, axis=0)
    noise *= 0.3 / np.abs(noise).max() * (1.2 + np.sin(np.arange(frames) / 5_000))[:, None]
    return np.squeeze(noise.astype(np.float32), axis=1) if channels == 1 else noise.astype(np.float32)


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_comes_back_is_the_mix_in_its_place(name: str, channels: int) -> None:
    mix = music_like(RATE, channels)
    highest = CODECS[name].rates[-1]
    coded = round_trip(mix, name, highest)
    assert coded.shape == mix.shape and coded.dtype == np.float32
    error = coded - mix
    # One sample of lag alone would leave an error 10 dB below this sound.
    assert 10 * np.log10(np.sum(mix**2) / np.sum(error**2)) > 13
    assert np.array_equal(coded, round_trip(mix, name, highest))
    first = mix if channels == 1 else mix[:, 0]
    back = coded if channels == 1 else coded[:, 0]
    lags = [float(first[8:-8] @ np.roll(back, -lag)[8:-8]) for lag in range(-4, 5)]
    assert int(np.argmax(lags)) - 4 == 0


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("frames", [1, 700, 5_000])
def test_short_sounds_and_silence_work(name: str, frames: int) -> None:
    assert round_trip(np.zeros(frames, np.float32), name, CODECS[name].rates[0]).shape == (frames,)
    assert np.isfinite(round_trip(music_like(frames + 480, 1)[:frames], name, CODECS[name].rates[0])).all()


def test_the_residue_makes_the_stems_sum_to_the_coded_mix() -> None:
    rng = np.random.default_rng(2)
    dialogue, effects = music_like(RATE, 1), (0.02 * rng.standard_normal(RATE)).astype(np.float32)
    mix = dialogue + effects
    noisy = effects + residue(mix, "aac", 96_000)
    np.testing.assert_allclose(dialogue + noisy, round_trip(mix, "aac", 96_000), atol=1e-6)
    assert np.abs(noisy - effects).max() > 1e-3


def test_every_codec_and_rate_is_drawn() -> None:
    rng = np.random.default_rng(1)
    drawn = {random_codec(rng) for _ in range(400)}
    assert drawn == {(name, rate) for name, codec in CODECS.items() for rate in codec.rates}
