"""Hits under a voice are kept, voices are not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dubline.repair.rebuild.transients import keep

RATE = 48_000
BED = (0.01 * np.random.default_rng(0).standard_normal((RATE, 2))).astype(np.float32)
AT = np.arange(RATE)[:, None] / RATE


def hit(seconds: float, *, dies_in: float) -> npt.NDArray[np.float32]:
    later = np.maximum(AT - seconds, 0.0)
    envelope = np.exp(-later / dies_in) * (seconds <= AT)
    return (0.5 * envelope * np.random.default_rng(1).standard_normal((RATE, 1))).astype(np.float32)


def test_a_knock_is_kept_and_not_a_bit_elsewhere_changes() -> None:
    knock = hit(0.5, dies_in=0.006)
    voice = (0.02 * np.sin(AT * 2 * np.pi * 200)).astype(np.float32)
    kept = keep(BED, BED + knock + voice, BED + knock, RATE)
    span = slice(int(0.5 * RATE), int(0.52 * RATE))
    error = kept[span] - BED[span] - knock[span]
    assert np.square(error).sum() < 0.05 * np.square(knock[span]).sum()
    assert np.array_equal(kept[: int(0.48 * RATE)], BED[: int(0.48 * RATE)])
    assert np.array_equal(kept[int(0.6 * RATE) :], BED[int(0.6 * RATE) :])


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(hit(0.5, dies_in=0.1), id="a burst that lasts, as a cough does"),
        pytest.param((0.3 * np.sin(AT * 2 * np.pi * 200) * (AT > 0.5)).astype(np.float32), id="a tone that sets in"),
        pytest.param(np.zeros((RATE, 1), np.float32), id="nothing"),
    ],
)
def test_nothing_else_is(sound: npt.NDArray[np.float32]) -> None:
    assert keep(BED, BED + sound, BED + sound, RATE) is BED


def test_too_short_a_gap_holds_none() -> None:
    assert np.array_equal(keep(BED[:100], 10 * BED[:100], 10 * BED[:100], RATE), BED[:100])


def test_what_a_mask_leaves_of_a_voice_is_no_knock() -> None:
    voice = 0.3 * np.random.default_rng(2).standard_normal((RATE, 1)).astype(np.float32)
    left = BED + voice * ((AT > 0.5) & (AT < 0.51))
    assert keep(BED, BED + voice, left, RATE) is BED
