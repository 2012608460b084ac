"""``dubline sync``: a dub against the original dialogue, by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cli.main import run
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter


def test_it_says_how_late_a_dub_is_and_exits_4(
    home: Path, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stem = sample / "stems" / "dialogue.wav"
    with WavReader(stem) as reader:
        late = np.concatenate([np.zeros((12000, 2), np.float32), reader.read()])
    with WavWriter(tmp_path / "dub.wav", rate=48000, layout=Layout.parse("stereo")) as writer:
        writer.write(late)
    assert run(["sync", str(tmp_path / "dub.wav"), "--dialogue", str(stem), "--json"]) == 4
    found = json.loads(capsys.readouterr().out)
    assert found["offset_seconds"] == pytest.approx(0.25, abs=1e-3)
    assert (found["method"], found["ratio"], found["in_sync"]) == ("waveform", "1", False)
    assert run(["sync", str(stem), "--dialogue", str(stem)]) == 0
    assert "runs with the picture" in " ".join(capsys.readouterr().out.split())


def test_what_is_no_sound_is_bad_input(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dub.wav").write_text("no sound")
    assert run(["sync", str(tmp_path / "dub.wav"), "--dialogue", str(tmp_path / "dub.wav")]) == 3
    assert capsys.readouterr().err.startswith("error: ")
