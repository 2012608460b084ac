"""No sound is too short, too long, too odd or at too strange a rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.process import bound_memory
from dubline.separation.engine import separate
from dubline.separation.files import NAMES, separate_file
from dubline.separation.network import Network
from dubline.separation.registry import Model, load

Samples = npt.NDArray[np.float32]
RATE = 48_000
MONO, STEREO = Layout.parse("mono"), Layout.parse("stereo")
# -90 dBFS.
NOTHING = 10 ** (-90 / 20)
JOIN = 1e-4
HOURS = 3


@pytest.fixture(scope="module")
def model() -> Model:
    return load(device="cpu")


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_files_of_one_sample_and_a_tenth_of_a_second_keep_rate_and_length(
    seconds: float, rate: int, model: Model, noise: Callable[..., Samples], write: Callable[..., Path], tmp_path: Path
) -> None:
    mix = noise(max(round(seconds * rate), 1), 2, rms=0.1, seed=1)
    separate_file(write(mix, layout="stereo", rate=rate), tmp_path / "out", model=model)
    stems = {}
    for stem, name in NAMES.items():
        with WavReader(tmp_path / "out" / name) as reader:
            assert (reader.rate, reader.frames, reader.layout) == (rate, len(mix), STEREO)
            stems[stem] = reader.read()
    assert np.abs(stems["dx"] + stems["mx"] + stems["fx"] - mix).max() < NOTHING
    assert np.array_equal(stems["me"], mix - stems["dx"])


ODD = {
    "constant": np.full(RATE, 0.5),
    "fastest": np.tile([1.0, -1.0], RATE // 2),
    "square": np.sign(np.sin(np.arange(RATE) / 30)),
    "subnormal": np.tile([1e-42, -2e-42, 0.0, 3e-42], RATE // 4),
    "loudest": 9e5 * np.sin(np.arange(RATE) / 7),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_sounds_come_apart_and_add_up(kind: str, model: Model, source: Callable[..., Any]) -> None:
    title = source(1.0)
    title.samples[:] = np.stack([ODD[kind], 0.3 * ODD[kind]], axis=1)
    (stems,) = separate(title, network=model.network)
    assert all(np.isfinite(stem).all() for stem in stems)
    assert np.abs(stems.dx + stems.mx + stems.fx - title.samples).max() <= NOTHING * max(1, title.samples.max())


def test_a_pause_stays_digital_silence(model: Model, source: Callable[..., Any]) -> None:
    title = source(3.0)
    title.samples[RATE : 2 * RATE] = 0
    (stems,) = separate(title, network=model.network)
    # A window of the network's and one of the bound on the side reach into the pause.
    inside = slice(RATE + 4096, 2 * RATE - 4096)
    assert not any(stem[inside].any() for stem in stems)


@dataclass(frozen=True)
class Tones:
    """Hours of sound that no memory holds: two tones that repeat every ten seconds."""

    frames: int
    rate: int = 44_100
    layout: Layout = MONO

    def at(self, start: int, frames: int) -> Samples:
        """``frames`` frames from ``start`` on, ``(frames, 1)``."""
        phase = 2 * np.pi * (np.arange(start, start + frames) % (10 * self.rate))[:, None] / self.rate
        tones: Samples = (0.2 * np.sin(phase * 220.1) + 0.1 * np.sin(phase * 0.3)).astype(np.float32)
        return tones

    def blocks(self, size: int = 65_536, *, start: int = 0) -> Iterator[Samples]:
        """The tones from ``start`` on in blocks."""
        for first in range(start, self.frames, size):
            yield self.at(first, min(size, self.frames - first))


def resident() -> int:
    """Bytes this process holds."""
    return 4096 * int(Path("/proc/self/statm").read_text().split()[1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the kernel does not say what a process holds")
def test_three_hours_stay_in_place_and_in_the_memory_of_ten_minutes(identity: Network) -> None:
    bound_memory()
    title = Tones(HOURS * 3_600 * 44_100 + 1)
    ten_minutes, edge = 600 * title.rate, title.rate // 10
    position, early, late = 0, 0, 0
    for stems in separate(title, network=identity):
        # The rate is converted there and back: at both ends of the title the filters run into nothing.
        inside = slice(max(edge - position, 0), max(title.frames - edge - position, 0))
        moved = stems.dx - title.at(position, len(stems.dx))
        assert np.abs(moved[inside]).max(initial=0) < JOIN
        position += len(stems.dx)
        if position <= ten_minutes:
            early = max(early, resident())
        else:
            late = max(late, resident())
    assert position == title.frames
    assert late < 1.1 * early
