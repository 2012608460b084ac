"""The library by hand: separate, detect, clean, measure, conform, specs, policies, models; no server is started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch

from cli.main import run
from dubline.audio.wav import WavReader
from dubline.separation.registry import ARCHITECTURES
from dubline.vocalization.events import read_events

MEASURED = {
    "integrated_lufs", "dialogue_lufs", "dialogue_fraction", "lra_lu", "max_momentary_lufs", "max_short_term_lufs",
    "true_peak_dbtp", "sample_peak_dbfs", "duration_seconds", "sample_rate", "channels", "layout",
}  # fmt: skip


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command with --json and give its exit code and object; a Prefect server would be a bug."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/nobody-may-ask-this")

    def call(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
        code = run([*map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


def samples(path: Path) -> npt.NDArray[np.float32]:
    with WavReader(path) as reader:
        return reader.read()


@pytest.mark.parametrize("master", ["master.mov", "master_5.1.mov"])
def test_separate_then_detect_then_clean_loses_nothing(say: Any, sample: Path, tmp_path: Path, master: str) -> None:
    assert say("separate", sample / master, "--out", tmp_path / "stems")[0] == 0
    stems = {path.stem: samples(path) for path in (tmp_path / "stems").iterdir()}
    assert set(stems) == {"dialogue", "music", "effects", "me"}
    whole = stems["dialogue"] + stems["music"] + stems["effects"]
    np.testing.assert_allclose(stems["dialogue"] + stems["me"], whole, atol=10 ** (-90 / 20))

    me, events = tmp_path / "stems" / "me.wav", tmp_path / "events.parquet"
    code, found = say("detect", me, "--dialogue", tmp_path / "stems" / "dialogue.wav", "--out", events)
    assert code == 0
    assert len(found["events"]) == len(read_events(events))

    arguments = ("clean", me, "--events", events, "--out", tmp_path / "clean", "--policy", "clean", "--unfilled")
    code, report = say(*arguments)
    assert code == 0 and report == json.loads((tmp_path / "clean" / "report.json").read_text())
    assert "DUBLINE_ASR_MODEL" in report["residual_language"]["why"]
    parts = [samples(tmp_path / "clean" / f"{name}.wav") for name in ("me_unfilled", "optional", "dx_guide")]
    np.testing.assert_allclose(np.sum(parts, axis=0), stems["me"], atol=10 ** (-90 / 20))
    assert {path.name for path in (tmp_path / "clean").iterdir()} == {
        "me.wav", "optional.wav", "dx_guide.wav", "me_unfilled.wav", "report.json", "events.parquet", "events.html",
        *(("clips",) if report["treatments"] else ()),
    }  # fmt: skip


def test_measure_gives_every_figure_and_exit_4_where_the_verdict_is_fail(say: Any, sample: Path) -> None:
    code, figures = say("measure", sample / "master.mov")
    assert code == 0
    assert set(figures) >= MEASURED
    assert (figures["sample_rate"], figures["layout"], figures["duration_seconds"]) == (48000, "stereo", 6.0)
    code, judged = say("measure", sample / "dub_fr.wav", "--spec", "netflix-nearfield")
    assert (code, judged["verdict"]) == (4, "fail")
    assert any(check["name"] == "layout" and check["verdict"] == "fail" for check in judged["checks"])


def test_conform_lands_on_target_and_leaves_alone_what_is_there(say: Any, sample: Path, tmp_path: Path) -> None:
    code, made = say("conform", sample / "master.mov", "--spec", "atsc-a85", "--out", tmp_path / "a.wav")
    assert code == 0
    code, again = say("conform", tmp_path / "a.wav", "--spec", "atsc-a85", "--out", tmp_path / "b.wav")
    assert (code, again["gain_db"]) == (0, 0.0)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert made["verdict"] in ("pass", "warn")


def test_conform_never_writes_to_its_input(home: Path, sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (sample / "dub_fr.wav").read_bytes()
    code = run(["conform", str(sample / "dub_fr.wav"), "--spec", "web", "--out", str(sample / "dub_fr.wav")])
    assert (code, (sample / "dub_fr.wav").read_bytes()) == (3, before)


def test_every_policy_of_the_contract_is_there(say: Any) -> None:
    assert {policy["id"] for policy in say("policies")[1]["policies"]} == {"netflix", "clean", "keep"}


def test_the_shipped_model_says_its_licence_and_its_data(say: Any) -> None:
    card = say("models", "show", "default")[1]
    assert card["licenses"]["weights"]
    assert all(source["licenses"] for source in card["sources"])


def test_a_published_checkpoint_is_converted_and_added(say: Any, tmp_path: Path) -> None:
    config = {"targets": ["vocals"], "n_fft": 64, "hop": 16, "hidden": 8, "residual": True}
    network = ARCHITECTURES["open-unmix"](config)
    published, converted = tmp_path / "vocals-b62c91ce.pth", tmp_path / "new" / "umx.safetensors"
    torch.save(network.get_submodule("vocals").state_dict(), published)
    code, said = say("models", "convert", published, "--architecture", "open-unmix", "--out", converted)
    assert code == 0 and said["file"] == str(converted)
    card = {"id": "umx", "version": "1", "summary": "a test", "architecture": "open-unmix", "config": config}
    licenses = {"licenses": {"code": "Apache-2.0", "weights": "CC0-1.0"}}
    (tmp_path / "umx.yaml").write_text(json.dumps(card | licenses))
    code, added = say("models", "add", converted, "--card", tmp_path / "umx.yaml")
    assert code == 0 and added["sha256"] == said["sha256"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("separate", "nowhere.wav", "--out", "stems"),
        ("separate", "text.wav", "--out", "stems"),
        ("separate", "empty.wav", "--out", "stems"),
        ("separate", ".", "--out", "stems"),
        ("separate", "good.wav", "--out", "stems", "--model", "bigger"),
        ("detect", "nowhere.wav", "--out", "stems/e.parquet"),
        ("clean", "good.wav", "--events", "text.wav", "--out", "stems"),
        ("measure", "text.wav"),
        ("measure", "good.wav", "--spec", "ebu-r129"),
        ("conform", "good.wav", "--spec", "nobody", "--out", "stems/c.wav"),
        ("models", "add", "text.wav", "--card", "text.wav"),
        ("models", "convert", "text.wav", "--architecture", "mrx", "--out", "stems/mrx.safetensors"),
        ("models", "convert", "text.wav", "--architecture", "nobody", "--out", "stems/mrx.safetensors"),
        ("catalog", "title", "nothing"),
        ("catalog", "lineage", "0123456789"),
    ],
)
def test_bad_input_is_exit_3_one_line_and_no_output(
    arguments: tuple[str, ...], home: Path, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "good.wav").symlink_to(sample / "dub_fr.wav")
    (tmp_path / "text.wav").write_text("not sound\n" * 50)
    (tmp_path / "empty.wav").touch()
    assert run(list(arguments)) == 3
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "stems").exists()


def test_interrupted_in_the_middle_a_command_leaves_nothing(home: Path, tmp_path: Path) -> None:
    # Two minutes, so that a busy machine cannot finish before it is interrupted.
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "mix.wav", 0.1 * rng.standard_normal((120 * 48_000, 2)), 48_000)
    # A shell's background job ignores interrupts, and so would every child of tests that run in one.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heeding}; from cli.main import main; main()"
    command = [sys.executable, "-c", program, "separate", str(tmp_path / "mix.wav")]
    out = tmp_path / "stems"
    child = subprocess.Popen(
        [*command, "--out", str(out)],
        env={**os.environ, "DUBLINE_HOME": str(home)},
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*dialogue.wav*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said.decode().count("\n")) == (130, 1)
    assert not out.exists()
