"""The separate step: what it ran on is a recorded fact, and only a chosen precision is part of the recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.join import join
from tasks.separate import separate
from tasks.settings import Settings
from tasks.step import RunRef


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> RunRef:
    monkeypatch.setenv("DUBLINE_DEVICE", "cpu")
    catalog = means().catalog
    version = catalog.register_title(
        slug="t", name="T", original_language="en", eidr=None, version_label="original", fps=(24, 1)
    )
    return RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t")


@pytest.fixture
def mix(tmp_path: Path) -> str:
    path = tmp_path / "mix.wav"
    with WavWriter(path, rate=48_000, layout=Layout.parse("mono")) as writer:
        writer.write((0.1 * np.random.default_rng(1).standard_normal((9_000, 1))).astype(np.float32))
    return ingest_file(path)


def test_the_device_is_recorded_and_answered_from_the_catalog(run: RunRef, mix: str) -> None:
    made = separate(run, ov_mix=mix, model="default", frames=[0, 9_000])
    again = separate(run, ov_mix=mix, model="default", frames=[0, 9_000])
    assert made.values == again.values == {"device": "cpu", "fell_back": False}
    assert made.outputs == again.outputs and set(made.outputs) == {"dx", "mx"}


def test_one_part_is_joined_without_a_copy(run: RunRef, mix: str) -> None:
    made = separate(run, ov_mix=mix, model="default", frames=[0, 9_000])
    joined = join(run, ov_mix=mix, dx=[made["dx"]], mx=[made["mx"]])
    assert set(joined.outputs) == {"dx", "mx", "fx", "me"}
    assert (joined["dx"], joined["mx"]) == (made["dx"], made["mx"])


def test_a_chosen_precision_is_another_recipe(run: RunRef) -> None:
    part = {"model": "default", "frames": [0, 9_000]}
    keys = {separate.recipe({"ov_mix": "0" * 64}, part | p, means()).key for p in ({}, {"precision": "bf16"})}
    assert len(keys) == 2


def test_precision_is_a_setting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().precision == "float32"
    monkeypatch.setenv("DUBLINE_PRECISION", "bf16")
    assert Settings.load().precision == "bf16"
