"""What is taken out of an event and what is left in it, against a background and a voice that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.wav import WavReader
from dubline.repair.clean import clean
from dubline.vocalization.events import Event

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
RATE = 48000
# The event of every test: the sentence lies from 3 s to 6.9 s.
SPEECH = Event(3.0, 6.9, ("FC",), "speech", 0.9, 6.0, "remove")
INSIDE = np.s_[round(3.3 * RATE) : round(6.6 * RATE)]


@pytest.fixture
def stem(voice: Callable[[int], Samples]) -> Samples:
    sentence = voice(RATE)
    samples = np.zeros((RATE * 10, 1), np.float32)
    samples[3 * RATE : 3 * RATE + len(sentence), 0] = sentence
    return samples


@pytest.fixture
def alarm() -> Samples:
    """An effect that only sounds during the event: 2.5 kHz, swelling and fading."""
    at = np.arange(RATE * 10) / RATE
    swell = np.clip(1.5 - np.abs(at - 5.0), 0.0, 1.0)
    return (0.2 * swell * np.sin(2 * np.pi * 2500 * at)).astype(np.float32)[:, None]


def filled(me: Path, dialogue: Path | None) -> tuple[Samples, str]:
    report = clean(me, events=[SPEECH], dialogue=dialogue, out_dir=me.parent / "out")
    with WavReader(me.parent / "out" / "me.wav") as reader:
        return reader.read(), report.treatments[0].method


def share(sound: Samples, of: Samples) -> float:
    """How much of ``of`` is in ``sound``, in dB."""
    one, other = sound[INSIDE, 0].astype(np.float64), of[INSIDE, 0].astype(np.float64)
    return float(20 * np.log10(abs(one @ other) / (other @ other)))


def test_with_the_stem_an_effect_in_the_event_stays(
    stem: Samples, alarm: Samples, write: Write, noise: Callable[..., Samples]
) -> None:
    background = noise(len(stem)) + alarm
    me = write(background + 0.2 * stem, layout="mono")
    guided, method = filled(me, write(0.8 * stem, layout="mono", name="dx.wav"))
    assert method == "suppression guided by the dialogue stem, room tone"
    assert share(guided, alarm) == pytest.approx(0.0, abs=1.0)
    assert share(guided - background, 0.2 * stem) < -15
    blind, method = filled(me, None)
    assert method == "suppression, room tone"
    assert share(blind, alarm) < -6


def test_a_voice_the_stem_does_not_have_goes_all_the_same(
    stem: Samples, write: Write, noise: Callable[..., Samples]
) -> None:
    background = noise(len(stem))
    me = write(background + 0.5 * stem, layout="mono")
    result, method = filled(me, write(0.01 * stem, layout="mono", name="dx.wav"))
    assert method == "suppression, room tone"
    assert share(result - background, 0.5 * stem) < -25


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_the_fill_has_the_level_of_the_background_at_every_rate(
    rate: int, write: Write, noise: Callable[..., Samples], voice: Callable[[int], Samples]
) -> None:
    background = noise(rate * 10, 1, rms=0.02)
    me = background.copy()
    sentence = voice(rate)
    me[3 * rate : 3 * rate + len(sentence), 0] += sentence
    path = write(me, layout="mono", rate=rate)
    clean(path, events=[SPEECH], out_dir=path.parent / "out")
    with WavReader(path.parent / "out" / "me.wav") as reader:
        inside = reader.read()[round(3.3 * rate) : round(6.6 * rate)]
    level = 10 * np.log10(np.square(inside).mean() / np.square(background).mean())
    assert abs(level) < 1.5
