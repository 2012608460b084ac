"""Stems that sum to their mix leave nothing; a sample that is missing shows, in its channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.quality.null import FLOOR_DBFS, NullMeter, null_error

RATE = 48_000


def wav(path: Path, samples: np.ndarray, *, rate: int = RATE) -> Path:
    with WavWriter(path, rate=rate, layout=Layout.default(samples.shape[1])) as writer:
        writer.write(samples.astype(np.float32))
    return path


@pytest.fixture
def stems(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(3)
    # Multiples of 2**-20 add up without rounding in float32.
    parts = [np.rint(random.uniform(-0.2, 0.2, (100_000, 6)) * 2**20) / 2**20 for _ in range(3)]
    wav(tmp_path / "mix.wav", sum(parts))
    return [wav(tmp_path / f"{number}.wav", part) for number, part in enumerate(parts)]


def test_stems_that_sum_to_the_mix_leave_nothing(stems: list[Path]) -> None:
    left = null_error(stems, stems[0].parent / "mix.wav")
    assert left.frames == 100_000
    assert left.peak_dbfs == left.rms_dbfs == (FLOOR_DBFS,) * 6
    assert set(left.relative_db) == {FLOOR_DBFS}


def test_one_wrong_sample_shows_in_its_channel(stems: list[Path], tmp_path: Path) -> None:
    wrong = np.zeros((100_000, 6))
    wrong[77_777, 4] = 0.01
    left = null_error([*stems, wav(tmp_path / "wrong.wav", wrong)], tmp_path / "mix.wav")
    assert left.worst_dbfs == pytest.approx(-40.0, abs=0.01)
    assert [round(peak) for peak in left.peak_dbfs] == [-200, -200, -200, -200, -40, -200]


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 500), max_size=8), gain=st.floats(0.0, 0.5))
def test_the_cuts_into_blocks_do_not_matter(cuts: list[int], gain: float) -> None:
    samples = np.random.default_rng(4).uniform(-0.5, 0.5, (500, 2))
    meter = NullMeter(Layout.parse("stereo"))
    for block in np.split(samples * (1.0 + gain), sorted(cuts)):
        meter.part(block)
    meter.whole(samples)
    left = meter.residual()
    assert left.frames == 500
    expected = 20 * np.log10(gain) if gain > 1e-10 else FLOOR_DBFS
    assert left.relative_db[0] == pytest.approx(expected, abs=0.05)


def test_a_silent_channel_has_no_relative_residual() -> None:
    meter = NullMeter(Layout.parse("stereo"))
    block = np.stack([np.ones(10), np.zeros(10)], axis=1)
    meter.whole(block)
    meter.part(block)
    assert meter.residual().relative_db == (FLOOR_DBFS, None)


@pytest.mark.parametrize(("frames", "channels", "rate"), [(99_999, 6, RATE), (100_000, 2, RATE), (100_000, 6, 44_100)])
def test_stems_of_another_shape_are_refused(
    stems: list[Path], tmp_path: Path, frames: int, channels: int, rate: int
) -> None:
    other = wav(tmp_path / "other.wav", np.zeros((frames, channels)), rate=rate)
    with pytest.raises(BadInput, match="do not add up"):
        null_error([other], stems[0].parent / "mix.wav")


def test_it_stops_when_asked(stems: list[Path]) -> None:
    with pytest.raises(Cancelled):
        null_error(stems, stems[0].parent / "mix.wav", cancelled=lambda: True)
