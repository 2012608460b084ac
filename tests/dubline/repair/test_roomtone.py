from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from dubline.repair.roomtone import MAX_MATCH_DB, RoomTone, seamless, take_tone
from dubline.repair.spectra import Grid

Samples = npt.NDArray[np.float32]
Noise = Callable[..., Samples]
RATE = 48000
GRID = Grid(RATE)


def tone_of(passage: Samples, beside: Samples) -> RoomTone:
    return take_tone(lambda a, b: passage[a:b], (0, len(passage)), beside=beside, rate=RATE, grid=GRID)


def test_the_loop_turns_without_a_step_or_a_dip(noise: Noise) -> None:
    passage = noise(RATE * 2, 2)
    loop = seamless(passage, RATE)
    turned = np.concatenate([loop, loop])
    at = len(loop)
    inside = np.abs(np.diff(passage, axis=0)).max()
    assert np.abs(np.diff(turned[at - 10 : at + 10], axis=0)).max() <= inside
    fade = np.square(loop[: RATE // 4]).mean() / np.square(passage).mean()
    assert abs(10 * np.log10(fade)) < 0.5


def test_a_slam_in_the_passage_is_not_looped(noise: Noise) -> None:
    passage = noise(RATE * 4)
    passage[RATE : RATE + 100] = 0.9
    assert np.abs(tone_of(passage, passage[:0]).loop).max() < 0.2


@pytest.mark.parametrize(("beside_db", "gain_db"), [(0.0, 0.0), (4.0, 4.0), (-5.0, -5.0), (20.0, MAX_MATCH_DB)])
def test_the_tone_takes_the_level_beside_the_event_within_reason(
    beside_db: float, gain_db: float, noise: Noise
) -> None:
    passage = noise(RATE * 2)
    tone = tone_of(passage, passage * 10 ** (beside_db / 20))
    level = 10 * np.log10(np.square(tone.loop).mean() / np.square(passage).mean())
    assert level == pytest.approx(gain_db, abs=0.3)


@pytest.mark.parametrize("frames", [1, 7, 2400])
def test_the_shortest_passage_still_makes_a_tone(frames: int, noise: Noise) -> None:
    tone = tone_of(noise(frames, 2), noise(10, 2))
    assert tone.at(-500, 5000).shape == (5500, 2) and np.isfinite(tone.power).all() and not tone.silent


def test_silence_makes_a_silent_tone() -> None:
    assert tone_of(np.zeros((RATE, 1), np.float32), np.zeros((10, 1), np.float32)).silent
