"""``dubline dataset`` by hand: build, go on, report, and what is said of bad input."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from cli.main import run
from dubline.training.datasets.folder import DnrFolder

RATE = 48_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments that name two languages, music and effects, each divided into train and val."""
    root = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(1)
    for name, seconds in (("de", 1.0), ("fr", 1.2), ("music", 4.0), ("effects", 1.5)):
        for split in ("train", "val"):
            (root / name / split).mkdir(parents=True)
            for number in range(2):
                sound = 0.1 * rng.standard_normal(round(seconds * RATE))
                soundfile.write(root / name / split / f"{number}.wav", sound, RATE)
    speech = ["--speech", f"de={root / 'de'}", "--speech", f"fr={root / 'fr'}"]
    return [*speech, "--music", str(root / "music"), "--effects", str(root / "effects")]


def test_build_then_report(folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "data"
    command = ["dataset", "build", *folders, "--out", str(out), "--seconds", "3", "--items", "2", "--json"]
    variants = ["--variant", "multi", "--variant", "fr"]
    assert run([*command, *variants, "--split", "val"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == {"val": 2}
    assert run([*command, *variants, "--split", "val"]) == 0
    assert json.loads(capsys.readouterr().out)["made"] == {"val": 0}
    assert len(DnrFolder(out, "val", variants=["fr"])) == 2

    assert run(["dataset", "report", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["hours"] == pytest.approx(4 * 3 / 3600)
    assert Path(found["paths"]["md"]).is_file() and Path(found["paths"]["png"]).is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "--preset", "dnr-v4"], "unknown preset 'dnr-v4'"),
        (["build", "--split", "dev"], "unknown split 'dev'"),
        (["build", "--seconds", "0.2"], "too short"),
        (["build", "--seconds", "nan"], "too short"),
        (["build", "--variant", "it"], "no speech of the variant it"),
        (["build", "--split", "test"], "no speech recordings for the split test"),
        (["build", "--preset", "product"], "product needs a corpus"),
        (["build", "--speech", "german"], "names no language"),
        (["build", "--corpus", "."], "named twice"),
        (["report", "nowhere"], "neither a corpus nor a data set"),
        (["presets", "product-v2"], "unknown preset"),
    ],
)
def test_bad_input_is_one_line_and_exit_3(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    out = tmp_path / "data"
    build = [*folders, "--out", str(out), "--items", "1"] if arguments[0] == "build" else []
    assert run(["dataset", *arguments, *build]) == 3
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1 and said in line
    assert not out.exists()


def test_a_recording_that_is_no_sound_is_bad_input(
    folders: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music/train").mkdir()
    (tmp_path / "music/train/a.wav").write_text("This is not a sound.")
    music = folders.index("--music")
    named = [*folders[:music], "--music", str(tmp_path / "music"), *folders[music + 2 :]]
    for workers in ("1", "2"):
        code = run(["dataset", "build", *named, "--out", str(tmp_path / "d"), "--items", "2", "--workers", workers])
        line = capsys.readouterr().err
        assert code == 3 and line.count("\n") == 1 and "cannot decode" in line


def _runs(pid: str) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not end the children of a killed process")
def test_a_killed_build_goes_on_and_leaves_no_process(folders: list[str], tmp_path: Path) -> None:
    out = tmp_path / "data"
    command = ["dataset", "build", *folders, "--out", str(out), "--seconds", "6", "--items", "5"]
    program = [sys.executable, "-c", "from cli.main import main; main()", *command, "--workers", "2"]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    audio = out / "audio/multi/train"
    while process.poll() is None and not (audio.is_dir() and any(audio.iterdir())):
        time.sleep(0.02)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(children) >= 2
    until = time.monotonic() + 20
    while any(map(_runs, children)):
        assert time.monotonic() < until, "a worker outlived the build"
        time.sleep(0.05)
    done = sorted(audio.iterdir())
    assert 1 <= len(done) <= 5
    assert all(len(list(folder.iterdir())) == 6 for folder in done)
    assert run(command) == 0
    assert len(DnrFolder(out, "train")) == 5
    assert not (out / ".partial").exists()
