"""``dubline conform``: what it says, what it writes, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.main import run
from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader, WavWriter

RATE = 48_000


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run ``conform`` on a mix and give its exit code, its object and its words."""

    def call(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        code = run(["conform", *map(str, arguments), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {}, said.err

    return call


def write(path: Path, sound: Block, layout: str = "stereo") -> Path:
    with WavWriter(path, rate=RATE, layout=Layout.parse(layout)) as writer:
        writer.write(sound)
    return path


def read(path: Path) -> Block:
    with WavReader(path) as reader:
        return reader.read()


def noise(level: float, *, seed: int = 0) -> Block:
    return (level * np.random.default_rng(seed).uniform(-1, 1, (4 * RATE, 2))).astype(np.float32)


def test_a_mix_that_cannot_meet_its_spec_ends_with_4_and_the_limit(say: Any, tmp_path: Path) -> None:
    sound = noise(0.005)
    sound[RATE] = 0.9
    code, body, words = say(write(tmp_path / "mix.wav", sound), "--spec", "ebu-r128", "--out", tmp_path / "out.wav")
    assert (code, body) == (4, {})
    assert "true-peak limit of -1 dBTP" in words and len(words.strip().splitlines()) == 1
    assert not (tmp_path / "out.wav").exists()


def test_the_dialogue_is_gained_where_it_is_said_to_lie_in_the_mix(say: Any, tmp_path: Path) -> None:
    spoken, rest = noise(0.1), noise(0.01, seed=1)
    spoken[: 2 * RATE] = 0.0
    mix, stem = write(tmp_path / "mix.wav", rest + spoken), write(tmp_path / "dx.wav", spoken)
    level = say(mix, "--spec", "ebu-r128", "--out", tmp_path / "whole.wav", "--dialogue", stem)[1]
    assert level["dub_gain_db"] == 0.0 and level["gain_db"] != 0.0
    # 1.5 dB off the target: near enough for the dialogue alone.
    factor = np.float32(10 ** ((level["gain_db"] - 1.5) / 20))
    mix, stem = write(tmp_path / "near.wav", (rest + spoken) * factor), write(tmp_path / "near_dx.wav", spoken * factor)
    code, body, _ = say(mix, "--spec", "ebu-r128", "--out", tmp_path / "out.wav", "--dialogue", stem, "--dialogue-gain")
    assert code == 0 and body["gain_db"] == 0.0 and 1.0 < body["dub_gain_db"] < 2.0
    assert body["integrated_lufs"] == pytest.approx(-23.0, abs=0.01)
    np.testing.assert_array_equal(read(tmp_path / "out.wav")[: 2 * RATE], read(mix)[: 2 * RATE])


def test_a_codec_is_judged_decoded(say: Any, tmp_path: Path) -> None:
    source = write(tmp_path / "mix.wav", noise(0.02))
    code, body, _ = say(source, "--spec", "web", "--out", tmp_path / "out.wav", "--codec", "aac")
    assert code == 0 and body["true_peak_dbtp"] <= -1.0
    assert body["verdict"] == "pass" and set(body) >= {"rounds", "ceiling_dbtp", "limited_db", "limited_share"}
    with WavReader(tmp_path / "out.wav") as reader:
        assert reader.frames == 4 * RATE


@pytest.mark.parametrize(
    ("more", "words"),
    [(("--dialogue-gain",), "give --dialogue too"), (("--codec", "mp3"), "unknown audio codec 'mp3'")],
)
def test_what_does_not_fit_together_is_refused(say: Any, tmp_path: Path, more: tuple[str, ...], words: str) -> None:
    source = write(tmp_path / "mix.wav", noise(0.02))
    code, _, said = say(source, "--spec", "web", "--out", tmp_path / "out.wav", *more)
    assert code == 3 and words in said


@pytest.mark.parametrize("out", ["mix.wav", "sub/../mix.wav", "link.wav", "dx.wav", "sub"])
def test_inputs_are_never_written_to(say: Any, tmp_path: Path, out: str) -> None:
    source, stem = write(tmp_path / "mix.wav", noise(0.02)), write(tmp_path / "dx.wav", noise(0.01, seed=1))
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.wav").symlink_to(source)
    before = source.read_bytes(), stem.read_bytes()
    code, _, said = say(source, "--spec", "web", "--out", tmp_path / out, "--dialogue", stem)
    assert code == 3 and re.search("--out is (an input|a folder)", said) and len(said.strip().splitlines()) == 1
    assert (source.read_bytes(), stem.read_bytes()) == before and (tmp_path / "link.wav").is_symlink()
