"""What the engine promises holds for the shipped weights, and they do what a separator is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput
from dubline.separation.compute import Compute
from dubline.separation.engine import separate
from dubline.separation.files import NAMES, separate_file
from dubline.separation.registry import Model, load
from dubline.separation.segments import segmentation

NOTHING = 10 ** (-90 / 20)
JOIN = 1e-4


@pytest.fixture(scope="module")
def model() -> Model:
    return load(device="cpu")


@pytest.mark.parametrize("layout", ["stereo", "5.1"])
def test_stems_sum_to_the_mix(layout: str, model: Model, source: Callable[..., Any]) -> None:
    title = source(1.5, layout=layout)
    (stems,) = separate(title, network=model.network)
    assert np.abs(stems.dx + stems.mx + stems.fx - title.samples).max() < NOTHING
    assert np.abs(stems.dx).max() > 0


def test_segments_shared_out_equal_the_whole(model: Model, source: Callable[..., Any]) -> None:
    title = source(3.5)
    cut = segmentation(title.frames, rate=48_000, network_rate=48_000, hop=1024, segment_seconds=1, context_seconds=1)
    straight = np.concatenate([s.dx for s in separate(title, network=model.network, cut=cut)])
    shared = [
        s.dx
        for part in (range(0, 1), range(1, 3), range(3, cut.count))
        for s in separate(title, network=model.network, cut=cut, segments=part, compute=Compute(threads=1))
    ]
    assert np.abs(np.concatenate(shared) - straight).max() < JOIN


def test_files_have_the_rate_layout_and_length_of_the_mix(
    tmp_path: Path, model: Model, source: Callable[..., Any]
) -> None:
    title = source(0.7, rate=44_100, layout="5.1(side)")
    with WavWriter(tmp_path / "mix.wav", rate=44_100, layout=title.layout) as writer:
        writer.write(title.samples)
    made = separate_file(tmp_path / "mix.wav", tmp_path / "out", model=model)
    assert (made.device, made.fell_back) == ("cpu", False)
    paths = made.stems
    assert {stem: path.name for stem, path in paths.items()} == NAMES
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(NAMES.values())
    read = {}
    for stem, path in paths.items():
        with WavReader(path) as reader:
            assert (reader.rate, reader.frames, reader.layout) == (44_100, title.frames, Layout.parse("5.1(side)"))
            read[stem] = reader.read()
    assert np.abs(read["dx"] + read["mx"] + read["fx"] - title.samples).max() < NOTHING
    assert np.array_equal(read["me"][:, 3], title.samples[:, 3])


@pytest.mark.parametrize("behind", [0.0, 0.3])
def test_surrounds_are_touched_where_the_voice_is_and_nowhere_else(
    behind: float, model: Model, voice: Callable[..., Any], source: Callable[..., Any]
) -> None:
    sentence = voice(48_000)[: 2 * 48_000]
    title = source(2.0, layout="5.1(side)")
    ambience = 0.1 * title.samples
    title.samples[:] = ambience
    title.samples[:, 2] += sentence
    title.samples[:, 4:] += behind * sentence[:, None]
    (stems,) = separate(title, network=model.network)
    touched = 20 * np.log10(np.sqrt(np.mean(np.square(stems.dx[:, 4:]))) + 1e-9)
    assert np.abs(stems.dx[:, 2]).max() > 0.1
    assert touched > -50 if behind else touched < -60


def test_a_refused_mix_leaves_no_file(tmp_path: Path, model: Model, source: Callable[..., Any]) -> None:
    title = source(0.2)
    title.samples[100] = np.nan
    with WavWriter(tmp_path / "mix.wav", rate=48_000, layout=title.layout) as writer:
        writer.write(title.samples)
    with pytest.raises(BadInput):
        separate_file(tmp_path / "mix.wav", tmp_path / "out", model=model)
    assert not list((tmp_path / "out").iterdir())
