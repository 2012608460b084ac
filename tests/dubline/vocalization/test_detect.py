from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.vocalization.detect import detect
from dubline.vocalization.hysteresis import join
from dubline.vocalization.rules import DetectionRules, standard

Samples = npt.NDArray[np.float32]
Voice = Callable[[int], Samples]
Write = Callable[..., Path]
Noise = Callable[..., Samples]

RATE = 48000
SECONDS = 12
START = 4.0


def put(background: Samples, sound: Samples, *, layout: str, tags: tuple[str, ...], gain: float = 1.0) -> Samples:
    """``background`` with ``sound`` (n,) added from `START` in the channels ``tags``."""
    mixed, at = background.copy(), round(START * RATE)
    for tag in tags:
        mixed[at : at + len(sound), Layout.parse(layout).index(tag)] += gain * sound
    return mixed


@pytest.mark.parametrize(
    ("layout", "tags"),
    [
        ("mono", ("FC",)),
        ("stereo", ("FL", "FR")),
        ("5.1", ("FC",)),
        ("5.1(side)", ("SL", "SR")),
        ("7.1", ("BL", "BR")),
    ],
)
def test_a_voice_is_found_in_its_channels_and_at_its_time(
    layout: str, tags: tuple[str, ...], voice: Voice, write: Write, noise: Noise
) -> None:
    sentence = voice(RATE)
    me = put(noise(RATE * SECONDS, Layout.parse(layout).channels), sentence, layout=layout, tags=tags, gain=0.5)
    events = detect(write(me, layout=layout))
    assert {event.channels for event in events} == {tags}
    assert events[0].start_seconds == pytest.approx(START, abs=0.3)
    assert events[-1].end_seconds == pytest.approx(START + len(sentence) / RATE, abs=0.5)
    assert all((event.label, event.disposition, event.action) == ("speech", "keep", "none") for event in events)
    assert all(event.score > 0.5 and event.level_db > 3.0 for event in events)


def test_a_voice_from_the_first_sample_to_the_last_fills_the_file_and_no_more(voice: Voice, write: Write) -> None:
    sentence = voice(RATE)
    said = np.tile(sentence[round(0.3 * RATE) : round(3.6 * RATE)], 3)[:, None]
    seconds = len(said) / RATE
    spans = [(event.start_seconds, event.end_seconds) for event in detect(write(said, layout="mono"))]
    held = join(spans, gap=0.0)
    assert held[0][0] < 0.7 and seconds - 0.7 < held[-1][1] <= seconds
    assert sum(end - start for start, end in held) > 0.8 * seconds


@pytest.mark.parametrize("kind", ["silence", "wind", "chord", "empty", "short"])
@pytest.mark.parametrize("with_dialogue", [False, True])
def test_where_no_voice_is_none_is_found(
    kind: str, with_dialogue: bool, write: Write, noise: Noise, voice: Voice
) -> None:
    at = np.arange(RATE * SECONDS)[:, None] / RATE
    tones = sum(0.1 * np.sin(2 * np.pi * hz * at) for hz in (220.0, 277.2, 329.6))
    me = {
        "silence": np.zeros((RATE * SECONDS, 2)),
        "wind": noise(RATE * SECONDS, 2, rms=0.05),
        "chord": np.repeat(np.asarray(tones), 2, axis=1),
        "empty": np.zeros((0, 2)),
        "short": noise(4800, 2),
    }[kind]
    stem = np.zeros(me.shape)
    sentence = voice(RATE)[: max(len(me) - round(START * RATE), 0)]
    stem[round(START * RATE) : round(START * RATE) + len(sentence)] = sentence[:, None]
    dialogue = write(stem, layout="stereo", name="dx.wav") if with_dialogue else None
    assert detect(write(me, layout="stereo"), dialogue=dialogue) == []


def test_a_residue_that_follows_the_dialogue_is_found_though_it_is_no_speech(
    voice: Voice, write: Write, noise: Noise
) -> None:
    sentence = voice(RATE)
    quiet = noise(RATE * SECONDS, 2, rms=0.001)
    envelope = np.sqrt(np.convolve(np.square(sentence), np.ones(960) / 960, "same"))
    hiss = noise(len(sentence), rms=1.0, seed=7)[:, 0] * envelope
    me = put(quiet, hiss, layout="stereo", tags=("FL", "FR"), gain=0.3)
    stem = put(np.zeros_like(quiet), sentence, layout="stereo", tags=("FL", "FR"))
    path = write(me, layout="stereo")
    events = detect(path, dialogue=write(stem, layout="stereo", name="dx.wav"))
    assert sum(end - start for start, end in join([(e.start_seconds, e.end_seconds) for e in events], gap=0.0)) > 2.0
    assert all(START - 0.15 < event.start_seconds < event.end_seconds < START + 4.3 for event in events)
    assert all(0.7 <= event.score <= 1.0 for event in events)


def test_rules_given_by_hand_are_followed(voice: Voice, write: Write, noise: Noise) -> None:
    me = write(put(noise(RATE * SECONDS, 1), voice(RATE), layout="mono", tags=("FC",)), layout="mono")
    body = standard().body()
    assert detect(me, rules=DetectionRules.model_validate(body)) == detect(me) != []
    for label in body["labels"].values():
        label["minimum_seconds"] = 60.0
    assert detect(me, rules=DetectionRules.model_validate(body)) == []


def test_a_stem_of_another_mix_is_bad_input(write: Write, noise: Noise) -> None:
    me = write(noise(RATE, 2), layout="stereo")
    with pytest.raises(BadInput, match="do not belong"):
        detect(me, dialogue=write(noise(RATE + 1, 2), layout="stereo", name="dx.wav"))
    with pytest.raises(BadInput, match="not finite"):
        detect(write(np.full((10, 1), np.inf), layout="mono"))


@pytest.mark.parametrize(("layout", "tags"), [("stereo", ("FL", "FR")), ("5.1", ("FC",))])
def test_a_sound_without_language_in_the_stem_is_an_event_and_language_is_none(
    layout: str, tags: tuple[str, ...], voice: Voice, write: Write, noise: Noise
) -> None:
    sentence = voice(RATE)
    channels = Layout.parse(layout).channels
    breath = noise(RATE, rms=0.02, seed=4)[:, 0] * np.hanning(RATE).astype(np.float32)
    breath = np.diff(breath, prepend=0.0).astype(np.float32) * 4.0
    stem = put(np.zeros((RATE * SECONDS, channels), np.float32), sentence, layout=layout, tags=tags)
    for tag in tags:
        stem[9 * RATE : 10 * RATE, Layout.parse(layout).index(tag)] += breath
    me = write(noise(RATE * SECONDS, channels), layout=layout)
    found = [event for event in detect(me, dialogue=write(stem, layout=layout, name="dx.wav")) if event.stem == "dx"]
    assert not [event for event in found if event.start_seconds < START + 3.8]
    assert {event.channels for event in found} == {tags}
    assert not {event.label for event in found} & {"speech", "singing"}
