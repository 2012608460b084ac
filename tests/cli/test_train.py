"""``dubline train`` by hand: train, go on, add the model, fine-tune it, and what is said of bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cli.main import run

RATE = 48_000
CONFIG = """
network: {bands: 6, features: 8, hidden: 8, pairs: 1, head: 8}
validation_items: 2
validation_seconds: 0.5
bank: {size: 8, spare_seconds: 0.2}
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four speakers, one of them in a language that is held out, two tracks, and effects nobody may use."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(1)
    columns = ("kind", "path", "source_repo", "license", "language", "speaker", "label")
    rows = [
        ("speech", f"voice{k}.wav", "some/voices", "CC0-1.0", "hu" if k == 3 else "en", f"s{k}", "") for k in range(4)
    ]
    rows += [("music", f"tune{name}.wav", "some/tunes", "CC-BY-4.0", "", "", "tune") for name in "xyz"]
    rows += [("effects", f"noise{name}.wav", "some/noises", "CC-BY-NC-4.0", "", "", "noise") for name in "xyz"]
    for row in rows:
        soundfile.write(folder / row[1], 0.1 * rng.standard_normal(RATE), RATE)
    with (folder / "manifest.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([columns, *rows])
    return folder


@pytest.fixture
def command(home: Path, corpus: Path, tmp_path: Path) -> list[str]:
    config = tmp_path / "tiny.yaml"
    config.write_text(CONFIG)
    cache = str(corpus / "cache")
    options = ["--corpus", str(corpus), "--cache", cache, "--seconds", "0.5", "--batch", "2", "--workers", "0"]
    return ["train", *options, "--config", str(config), "--device", "cpu", "--json"]


def test_train_go_on_add_and_fine_tune(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "tiny-run"
    assert run([*command, "--out", str(out), "--steps", "2"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["steps"], first["stopped_by"], first["architecture"]) == (2, "steps", "bandsplit")
    assert first["left_out_by_license"] == ["some/noises (CC-BY-NC-4.0)"]
    assert all(Path(first[name]).is_file() for name in ("best", "last", "card", "curves"))

    assert run([*command, "--out", str(out), "--steps", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == 3
    assert run([*command, "--out", str(out), "--steps", "3", "--seed", "2"]) == 3
    assert "another seed" in capsys.readouterr().err
    assert run([*command, "--out", str(out), "--steps", "3", "--any-license"]) == 3
    assert "another corpus" in capsys.readouterr().err

    assert run(["models", "add", first["best"], "--card", first["card"]]) == 0
    capsys.readouterr()
    assert run([*command, "--out", str(tmp_path / "tuned"), "--from", "tiny-run", "--steps", "1"]) == 0
    captured = capsys.readouterr()
    tuned = json.loads(captured.out)
    assert tuned["tensors_taken"] == tuned["tensors"] > 10
    assert f"{tuned['tensors']} of {tuned['tensors']} tensors from tiny-run" in captured.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--network", "bandsplitt"], 3, "use bandsplit"),
        (["--network", "fcn-small"], 3, "config does not fit fcn-small"),
        (["--from", "nobody"], 3, "no model 'nobody'"),
        (["--exclude-source", "some/noise"], 3, "use some/noises"),
        (["--exclude-source", "some/voices"], 3, "no speaker to train with"),
        (["--batch", "9"], 3, "bank holds 8"),
        (["--dnr", "."], 2, "give exactly one"),
        (["--minutes", "0"], 2, "--minutes"),
        (["--device", "tpu"], 5, "device 'tpu' is unknown"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line_and_leaves_nothing(
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    assert run([*command, "--out", str(tmp_path / "out"), *arguments]) == code
    lines = capsys.readouterr().err
    assert lines.startswith("error: ") or "left out by license" in lines
    assert said in lines.splitlines()[-1]
    assert not (tmp_path / "out").exists()
