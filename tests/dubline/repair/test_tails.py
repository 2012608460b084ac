"""A voice rings on in its room, and not longer than the next sound or the background allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.wav import WavReader
from dubline.repair.regions import Removal, tail_frames
from dubline.repair.tails import LONGEST_TAIL_SECONDS, tracked

Samples = npt.NDArray[np.float32]
Noise = Callable[..., Samples]
Write = Callable[..., Path]
RATE = 16000
START, END = 2 * RATE, 3 * RATE
EVENT = Removal(START, END, (0,), False, 0, tail_frames(RATE))


def ringing(rt60: float, noise: Noise) -> Samples:
    """A second of noise that dies away by 60 dB in ``rt60`` seconds, over a background 40 dB under it; 7 s."""
    seconds = np.arange(RATE * 7) / RATE
    envelope = np.where(seconds < 3.0, 1.0, 10.0 ** (-3.0 * (seconds - 3.0) / rt60)) * (seconds >= 2.0)
    loud = noise(RATE * 7, rms=0.1, seed=3) * envelope[:, None].astype(np.float32)
    return loud + noise(RATE * 7, rms=0.001)


def tail(sound: Samples, write: Write, *removals: Removal) -> float:
    with WavReader(write(np.repeat(sound, 2, axis=1), layout="stereo", rate=RATE)) as reader:
        return tracked(removals or (EVENT,), reader)[0].tail / RATE


@pytest.mark.parametrize("rt60", [0.5, 1.0, 1.6])
def test_the_tail_follows_the_room_until_it_sinks_into_the_background(rt60: float, noise: Noise, write: Write) -> None:
    sinks = rt60 * 40 / 60
    assert tail(ringing(rt60, noise), write) == pytest.approx(min(sinks + 0.1, LONGEST_TAIL_SECONDS), abs=0.15)


def test_a_dry_voice_and_steady_music_have_the_shortest_tail(noise: Noise, write: Write) -> None:
    assert tail(ringing(0.05, noise), write) == pytest.approx(0.2)
    assert tail(noise(RATE * 7, rms=0.1), write) == pytest.approx(0.2)


def test_a_tail_ends_where_the_next_event_or_the_file_does(noise: Noise, write: Write) -> None:
    sound = ringing(1.6, noise)
    later = replace(EVENT, start=END + RATE // 2, end=END + RATE, event=1)
    elsewhere = replace(later, columns=(1,))
    assert tail(sound, write, EVENT, later) <= 0.5
    assert tail(sound, write, EVENT, elsewhere) > 0.8
    assert tail(sound[: END + RATE // 10], write) * RATE == tail_frames(RATE)
