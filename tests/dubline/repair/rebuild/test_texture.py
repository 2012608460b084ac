"""A texture has the spectrum, the levels and the coherence of what is around the gap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dubline.repair.rebuild.gap import Gap
from dubline.repair.rebuild.texture import restlessness, synthesize

RATE = 16_000


def noise(frames: int, channels: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return (0.1 * np.random.default_rng(seed).standard_normal((frames, channels))).astype(np.float32)


@pytest.mark.parametrize("coherence", [-0.9, 0.0, 0.5, 1.0])
def test_channels_have_in_common_what_they_have_around(coherence: float) -> None:
    one, other = noise(6 * RATE, 2).T
    stereo = np.stack([one, coherence * one + np.sqrt(1 - coherence**2) * other], axis=1)
    made = synthesize(Gap(stereo[: 3 * RATE], stereo[3 * RATE :], RATE, RATE))
    common = float(np.mean(made[:, 0] * made[:, 1]) / (made[:, 0].std() * made[:, 1].std()))
    assert common == pytest.approx(coherence, abs=0.05)
    assert made.std(axis=0) == pytest.approx([0.1, 0.1], rel=0.05)


def test_the_level_moves_from_what_was_to_what_comes() -> None:
    made = synthesize(Gap(noise(4 * RATE, 1), 0.1 * noise(4 * RATE, 1, seed=1), 2 * RATE, RATE))
    levels = 20 * np.log10(np.sqrt(np.square(made).reshape(8, -1).mean(axis=1)))
    assert levels[0] == pytest.approx(-20.0, abs=4.0)
    assert levels[-1] == pytest.approx(-40.0, abs=4.0)
    assert (np.diff(levels) < 1.5).all()


def test_one_slam_beside_the_gap_does_not_come_into_it() -> None:
    before = 0.01 * noise(4 * RATE, 1)
    before[-RATE:][:200] = 1.0
    made = synthesize(Gap(before, 0.01 * noise(4 * RATE, 1, seed=1), RATE // 2, RATE))
    assert made.std() < 0.003


def test_crackles_go_on() -> None:
    """Clicks at random over faint noise: the peaks of the texture are far above its noise, as around it."""
    rng = np.random.default_rng(2)
    fire = 0.01 * noise(8 * RATE, 1)
    fire[rng.integers(0, len(fire), 40)] += 0.5
    made = synthesize(Gap(fire[: 4 * RATE], fire[4 * RATE :], 2 * RATE, RATE))
    assert np.abs(made).max() > 20 * np.median(np.abs(made))
    assert made.std() == pytest.approx(fire.std(), rel=0.4)


def test_what_tones_have_already_is_not_made_again() -> None:
    at = np.arange(5 * RATE)[:, None] * 2 * np.pi / RATE
    hum = (0.2 * np.sin(1_000 * at)).astype(np.float32) + 0.1 * noise(5 * RATE, 1)
    gap = Gap(hum[: 2 * RATE], hum[3 * RATE :], RATE, RATE)
    tone = (0.2 * np.sin(1_000 * at[2 * RATE : 3 * RATE])).astype(np.float32)
    assert synthesize(gap).std() == pytest.approx(0.2 / np.sqrt(2), rel=0.15)
    assert (tone + synthesize(gap, tone)).std() == pytest.approx(0.2 / np.sqrt(2), rel=0.15)


def test_noise_of_any_color_is_restless_by_5_6_db_and_music_by_more() -> None:
    white = noise(4 * RATE, 1)
    brown = np.cumsum(white, axis=0, dtype=np.float32)
    for steady in (white, brown - brown.mean()):
        assert restlessness(Gap(steady[: 2 * RATE], steady[2 * RATE :], 100, RATE)) == pytest.approx(5.57, abs=0.5)
    beats = white * (np.arange(len(white)) % 4_000 < 1_000)[:, None]
    assert restlessness(Gap(beats[: 2 * RATE], beats[2 * RATE :], 100, RATE)) > 12.0
