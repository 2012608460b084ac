"""What linear prediction expects to follow a sound."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.repair.rebuild.prediction import extrapolate

RATE = 48_000


def test_noise_goes_on_as_loud_and_as_alike_in_its_channels_as_it_was() -> None:
    one, other = 0.1 * np.random.default_rng(0).standard_normal((2, RATE))
    hiss = np.stack([one, 0.8 * one + 0.6 * other], axis=1).astype(np.float32)
    more = extrapolate(hiss, 4_800, RATE, np.random.default_rng(1))
    assert more.std(axis=0) == pytest.approx([0.1, 0.1], rel=0.15)
    assert float(np.mean(more[:, 0] * more[:, 1])) == pytest.approx(0.008, rel=0.3)


def test_a_crackle_right_at_the_edge_does_not_make_what_follows_louder_than_itself() -> None:
    rng = np.random.default_rng(2)
    hum = 0.01 * np.sin(np.arange(RATE) * 2 * np.pi * 60 / RATE)[:, None] + 0.001 * rng.standard_normal((RATE, 1))
    hum[-200:] += 0.1 * rng.standard_normal((200, 1))
    more = extrapolate(hum.astype(np.float32), 720, RATE, rng)
    assert np.sqrt(np.square(more).mean()) < 0.1
