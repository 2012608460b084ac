"""Surrounds count as spoken in when someone can be heard there, however the voice lies in the pair."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dubline.separation.voice import has_voice

Samples = npt.NDArray[np.float32]
Voice = Callable[[int], Samples]


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("sides", [(1.0, 1.0), (1.0, 0.0), (0.5, -0.5)])
def test_a_sentence_is_heard_in_either_channel_under_noise(rate: int, sides: tuple[float, ...], voice: Voice) -> None:
    sentence = voice(rate)
    noise = np.random.default_rng(1).standard_normal((len(sentence), 2))
    level = 0.3 * np.sqrt(np.mean(np.square(sentence)))
    assert has_voice((sentence[:, None] * sides + level * noise).astype(np.float32), rate)


def test_noise_tones_and_silence_are_no_voice() -> None:
    rate = 48_000
    time = np.arange(5 * rate) / rate
    chord = 0.1 * sum(np.sin(2 * np.pi * f * time) for f in (220.0, 277.0, 330.0))
    noise = 0.1 * np.random.default_rng(1).standard_normal(len(time))
    for sound in (chord, noise, 0 * time):
        assert not has_voice(np.stack([sound, sound], axis=1).astype(np.float32), rate)


@pytest.mark.parametrize("frames", [0, 1, 700])
def test_a_moment_is_no_voice(frames: int) -> None:
    assert not has_voice(np.full((frames, 2), 0.5, np.float32), 48_000)


def test_a_voice_nobody_hears_does_not_count(voice: Voice) -> None:
    sentence = voice(48_000)[:, None] * 10 ** (-75 / 20)
    assert not has_voice(np.repeat(sentence, 2, axis=1), 48_000)
