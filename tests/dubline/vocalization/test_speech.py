from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.errors import BadInput, Cancelled
from dubline.vocalization.speech import speech_spans

Samples = npt.NDArray[np.float32]
Voice = Callable[[int], Samples]


def scene(voice: Voice, *, rate: int, layout: str, gain: float = 1.0) -> Samples:
    """Two seconds of silence, a sentence, two seconds of silence; in the center or in both fronts."""
    sentence = voice(rate) * gain
    parsed = Layout.parse(layout)
    samples = np.zeros((len(sentence) + 4 * rate, parsed.channels), np.float32)
    for tag in ("FC",) if parsed.center is not None else ("FL", "FR"):
        samples[2 * rate : 2 * rate + len(sentence), parsed.index(tag)] = sentence
    return samples


@pytest.mark.parametrize("rate", [16000, 44100, 48000, 96000])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "7.1"])
def test_a_sentence_is_found_where_it_is(rate: int, layout: str, voice: Voice, write: Callable[..., Path]) -> None:
    spans = speech_spans(write(scene(voice, rate=rate, layout=layout), layout=layout, rate=rate))
    assert spans.items[0][0] == pytest.approx(2.0, abs=0.25)
    assert spans.items[-1][1] == pytest.approx(2.0 + 3.88, abs=0.25)
    assert spans.seconds > 3.0


@pytest.mark.parametrize("layout", ["5.1", "7.1.4"])
def test_words_beside_the_center_are_speech_of_a_stem_and_music_of_a_mix(
    layout: str, voice: Voice, write: Callable[..., Path]
) -> None:
    sound = scene(voice, rate=48000, layout=layout)
    center, left, right = (Layout.parse(layout).index(tag) for tag in ("FC", "FL", "FR"))
    sound[:, [left, right]], sound[:, center] = sound[:, [center]], 0.0
    path = write(sound, layout=layout)
    spans = speech_spans(path)
    assert spans.items[0][0] == pytest.approx(2.0, abs=0.25) and spans.seconds > 3.0
    assert speech_spans(path, mixed=True).items == ()


@pytest.mark.parametrize("gain", [0.0, 1e-4])
def test_what_nobody_hears_is_not_speech(gain: float, voice: Voice, write: Callable[..., Path]) -> None:
    assert speech_spans(write(scene(voice, rate=48000, layout="stereo", gain=gain), layout="stereo")).items == ()


def test_music_and_wind_are_not_speech(write: Callable[..., Path], noise: Callable[..., Samples]) -> None:
    at = np.arange(48000 * 4)[:, None] / 48000
    chord = sum(np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.2, 329.6)) * 0.1
    assert speech_spans(write(chord, layout="mono")).items == ()
    assert speech_spans(write(noise(48000 * 4, rms=0.1), layout="mono")).items == ()


@pytest.mark.parametrize("frames", [0, 1, 4800])
def test_a_file_too_short_to_speak_in(frames: int, write: Callable[..., Path]) -> None:
    assert speech_spans(write(np.ones((frames, 2)) * 0.1, layout="stereo")).items == ()


def test_samples_that_are_not_finite_are_named(voice: Voice, write: Callable[..., Path]) -> None:
    samples = scene(voice, rate=48000, layout="mono")
    samples[72000] = np.nan
    with pytest.raises(BadInput, match=r"at 1\.500 s"):
        speech_spans(write(samples, layout="mono"))


def test_progress_reaches_the_end_and_cancellation_stops(voice: Voice, write: Callable[..., Path]) -> None:
    samples = scene(voice, rate=48000, layout="mono")
    path, seen = write(samples, layout="mono"), []
    speech_spans(path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(samples), len(samples))
    with pytest.raises(Cancelled):
        speech_spans(path, cancelled=lambda: True)
