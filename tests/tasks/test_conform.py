"""The conform step: nothing made where nothing is to do, all that was done recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.loudness.meter import measure_wav
from dubline.loudness.specs import get
from tasks.conform import conform
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.settings import Settings
from tasks.step import RunRef, StepResult

RATE = 48_000
SPEECH = Spans(((1.0, 4.0),))


@pytest.fixture
def run(home: Path) -> RunRef:
    assert Settings.load().home == home
    catalog = means().catalog
    version = catalog.register_title(
        slug="t", name="T", original_language="en", eidr=None, version_label="original", fps=(24, 1)
    )
    return RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t")


def stems() -> tuple[Block, Block]:
    """Five seconds of mix near -23 LUFS, and the dialogue that is most of it."""
    noise = np.random.default_rng(0).uniform(-1, 1, (2, 5 * RATE, 2))
    inside = SPEECH.covers(np.arange(5 * RATE) / RATE)[:, None]
    spoken = np.where(inside, 0.08 * noise[0], 0.0).astype(np.float32)
    return (0.01 * noise[1]).astype(np.float32) + spoken, spoken


def conformed(run: RunRef, folder: Path, level: float) -> tuple[str, StepResult]:
    """The print master's asset at ``level``, and what the step made of it."""
    files = {}
    for name, sound in zip(("mix", "dx"), stems(), strict=True):
        path = folder / f"{name}.wav"
        with WavWriter(path, rate=RATE, layout=Layout.parse("stereo")) as writer:
            writer.write(sound * np.float32(level))
        files[name] = path
    figures, speech = folder / "measurement.json", folder / "speech.json"
    figures.write_text(json.dumps(measure_wav(files["mix"], speech=SPEECH)[0].to_json()), encoding="utf-8")
    SPEECH.save(speech)
    mix, dx, measurement, spans = (ingest_file(path) for path in (files["mix"], files["dx"], figures, speech))
    made = conform(
        run,
        print_master=mix,
        mixed_dx=dx,
        measurement=measurement,
        speech=spans,
        spec=get("ebu-r128").body(),
        container="mov",
        codec="pcm_s24le",
    )
    return mix, made


def test_the_dub_is_gained_recorded_and_then_left_alone(run: RunRef, tmp_path: Path) -> None:
    measured = measure_wav(_write(tmp_path / "raw.wav"), speech=SPEECH)[0]
    assert measured.integrated_lufs is not None
    level = 10 ** ((-23.0 - 1.0 - measured.integrated_lufs) / 20)
    mix, made = conformed(run, tmp_path, level)
    assert made["conformed"] != mix
    assert made.values["dub_gain_db"] == pytest.approx(1.0, abs=0.1) and made.values["gain_db"] == 0.0
    assert (made.values["reachable"], made.values["limit"], made.values["rounds"]) == (True, None, 0)
    assert set(made.values) >= {"ceiling_dbtp", "limited_db", "limited_share", "reason"}
    assert conformed(run, tmp_path, level)[1].outputs == made.outputs
    with means().store.lend(means().catalog.asset(made["conformed"])) as path, WavReader(path) as reader:
        assert reader.frames == 5 * RATE


def test_a_mix_on_target_is_handed_on_as_it_is(run: RunRef, tmp_path: Path) -> None:
    measured = measure_wav(_write(tmp_path / "raw.wav"), speech=SPEECH)[0]
    assert measured.integrated_lufs is not None
    mix, made = conformed(run, tmp_path, 10 ** ((-23.0 - measured.integrated_lufs) / 20))
    assert made["conformed"] == mix
    assert (made.values["dub_gain_db"], made.values["gain_db"], made.values["limited_db"]) == (0.0, 0.0, 0.0)


def _write(path: Path) -> Path:
    with WavWriter(path, rate=RATE, layout=Layout.parse("stereo")) as writer:
        writer.write(stems()[0])
    return path
