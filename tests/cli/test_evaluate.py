"""``dubline evaluate`` on the sample's own stems and on folders that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cli.main import run
from dubline.audio.wav import WavReader, WavWriter

FILES = {"items.parquet", "summary.json", "report.md", "improvement_by_level.png", "improvement_by_group.png"}


@pytest.fixture(scope="module")
def stems(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with a line of the sample's true stems in stereo and 5.1, as items."""
    folder = tmp_path_factory.mktemp("items")
    for path in sample.glob("stems*/*.wav"):
        (folder / path.parent.name).mkdir(exist_ok=True)
        with WavReader(path) as reader:
            line = next(reader.blocks(2 * reader.rate, start=2 * reader.rate))
            with WavWriter(folder / path.parent.name / path.name, rate=reader.rate, layout=reader.layout) as writer:
                writer.write(line)
    return folder


def entries(summary: dict[str, Any], by: str, system: str) -> dict[str, dict[str, Any]]:
    return {e["group"]: e["figures"] for e in summary["groups"] if (e["by"], e["system"]) == (by, system)}


def test_models_baseline_and_oracles_stand_in_one_table(
    home: Path, stems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "--items", str(stems), "--out", str(tmp_path / "out"), "--model", "default"]
    assert run([*command, "--model", "identity", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    model, mix, *oracles = (system["name"] for system in summary["systems"])
    assert (mix, oracles) == ("mix", ["irm", "irm-wiener", "psm"])
    assert summary["systems"][0]["sha256"]

    assert set(entries(summary, "layout", model)) == {"stereo", "5.1"}
    found = entries(summary, "set", model)["items"]
    assert found["me_snr"]["median"] == pytest.approx(found["me_snr_predicted"]["median"], abs=0.1)
    assert found["null_dbfs"]["p90"] < -90
    assert entries(summary, "set", mix)["items"]["si_sdr_improvement"]["median"] == pytest.approx(0.0, abs=1e-3)
    assert entries(summary, "set", "psm")["items"]["si_sdr_improvement"]["median"] > 5
    table = pq.read_table(tmp_path / "out" / "items.parquet")
    assert table["item"].to_pylist() == ["stems"] * 5 + ["stems_5.1"] * 5


def test_the_same_command_gives_the_same_bytes(home: Path, stems: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        options = ["--model", "identity", "--no-oracles", "--items-count", "1"]
        assert run(["evaluate", "--items", str(stems), "--out", str(tmp_path / name), *options]) == 0
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--items", "nowhere"], 3),
        (["--dnr", "nowhere"], 3),
        (["--corpus", "nowhere"], 3),
        (["--items", "STEMS", "--model", "bigger"], 3),
        (["--corpus", "nowhere", "--seconds", "nan"], 3),
        (["--items", "STEMS", "--corpus", "nowhere"], 2),
        ([], 2),
        (["--items", "STEMS", "--items-count", "0"], 2),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_one_line_and_leaves_nothing(
    home: Path, stems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int
) -> None:
    given = [str(stems) if argument == "STEMS" else argument for argument in arguments]
    assert run(["evaluate", "--out", str(tmp_path / "out"), *given]) == code
    said = capsys.readouterr().err
    assert (said.startswith("error: "), said.count("\n")) == (True, 1)
    assert not (tmp_path / "out").exists()
