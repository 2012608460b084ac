"""A title separated in parts and joined is the title separated in one piece, to the last bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.separation import registry
from dubline.separation.files import NAMES, separate_file
from dubline.separation.join import join_stems
from dubline.separation.network import Network
from dubline.separation.registry import Model
from dubline.separation.segments import Segmentation

RATE = 8_000


@pytest.fixture(scope="module")
def model(through: Callable[..., Network]) -> Model:
    """A network with windows of one second whose answer leans on where a window lies."""

    class Placed(through):  # type: ignore[misc, valid-type]
        def forward(self, waveform):  # type: ignore[no-untyped-def]
            dialogue, music = super().forward(0.7 * waveform)
            return type(super().forward(waveform))(dialogue + 0.01 * waveform.mean(), music + 0.1 * waveform.abs())

    return Model(registry.card_of(), Placed(1, RATE), "cpu")


def write(path: Path, seconds: float, layout: str = "stereo") -> Path:
    tags = Layout.parse(layout)
    noise = np.random.default_rng(2).standard_normal((round(seconds * RATE), tags.channels))
    with WavWriter(path, rate=RATE, layout=tags) as writer:
        writer.write((0.1 * noise).astype(np.float32))
    return path


@pytest.mark.parametrize("edges", [[0, 5], [0, 2, 5], [0, 1, 3, 4, 5], [0, 2.5, 5]])
@pytest.mark.parametrize("layout", ["mono", "5.1"])
def test_the_bytes_do_not_depend_on_the_parts(edges: list[float], layout: str, model: Model, tmp_path: Path) -> None:
    mix = write(tmp_path / "mix.wav", 4.7, layout)
    whole = separate_file(mix, tmp_path / "whole", model=model).stems
    made = [
        separate_file(
            mix,
            tmp_path / str(k),
            model=model,
            frames=range(round(start * RATE), round(stop * RATE)),
            stems=("dx", "mx"),
        ).stems
        for k, (start, stop) in enumerate(itertools.pairwise(edges))
    ]
    assert all(set(part) == {"dx", "mx"} for part in made)
    (tmp_path / "joined").mkdir()
    joined = join_stems(mix, [part["dx"] for part in made], [part["mx"] for part in made], tmp_path / "joined")
    assert {stem: path.read_bytes() for stem, path in joined.items()} == {
        stem: path.read_bytes() for stem, path in whole.items()
    }
    assert set(joined) == set(NAMES)


def test_a_part_alone_costs_no_copy(model: Model, tmp_path: Path) -> None:
    mix = write(tmp_path / "mix.wav", 1.5)
    made = separate_file(mix, tmp_path / "all", model=model, stems=("dx", "mx")).stems
    (tmp_path / "joined").mkdir()
    joined = join_stems(mix, [made["dx"]], [made["mx"]], tmp_path / "joined")
    assert (joined["dx"], joined["mx"]) == (made["dx"], made["mx"])
    assert sorted(path.name for path in (tmp_path / "joined").iterdir()) == ["effects.wav", "me.wav"]


def test_parts_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    mix, part, other = (write(tmp_path / f"{s}.wav", s) for s in (2.0, 1.0, 0.5))
    with pytest.raises(BadInput, match="have 8000 frames, the mix 16000"):
        join_stems(mix, [part], [part], tmp_path)
    with pytest.raises(BadInput, match="does not belong"):
        join_stems(mix, [part, part], [part, other], tmp_path)


def test_joining_stops_when_asked_to(tmp_path: Path) -> None:
    mix = write(tmp_path / "mix.wav", 1.0)
    with pytest.raises(Cancelled):
        join_stems(mix, [mix], [mix], tmp_path, cancelled=lambda: True)


def test_a_title_without_sound_has_stems_without_sound(model: Model, tmp_path: Path) -> None:
    mix = write(tmp_path / "mix.wav", 0.0)
    made = separate_file(mix, tmp_path, model=model, stems=("dx", "mx"), frames=range(0, 0)).stems
    joined = join_stems(mix, [made["dx"]], [made["mx"]], tmp_path)
    with WavReader(joined["me"]) as reader:
        assert reader.frames == 0


@given(
    frames=st.integers(0, 10_000),
    segment=st.integers(1, 700),
    edges=st.lists(st.integers(0, 10_000), max_size=6),
)
def test_stretches_that_meet_share_out_every_segment_once(frames: int, segment: int, edges: list[int]) -> None:
    cut = Segmentation(frames, segment, context=10, fade=5)
    bounds = [0, *sorted(edges), max([frames, *edges])]
    shared = [k for start, stop in itertools.pairwise(bounds) for k in cut.starting_in(range(start, stop))]
    assert shared == list(range(cut.count))
