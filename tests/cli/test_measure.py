"""``dubline measure``: segments in seconds and timecode, and what the figures are said to count."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from cli.main import run
from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter


@pytest.fixture
def reel(home: Path, tmp_path: Path) -> Path:
    """Four seconds of tone at -20, then four at -40 dBFS, in stereo."""
    wave = np.sin(2 * np.pi * 1_000 / 48_000 * np.arange(8 * 48_000))
    levels = np.repeat([0.1, 0.01], 4 * 48_000)
    with WavWriter(tmp_path / "reel.wav", rate=48_000, layout=Layout.parse("stereo")) as writer:
        writer.write(np.repeat((levels * wave)[:, None], 2, axis=1).astype(np.float32))
    return tmp_path / "reel.wav"


@pytest.fixture
def film(reel: Path) -> Path:
    """The reel under a picture of 23.976 frames per second that starts at 01:00:00:00."""
    out = reel.with_suffix(".mov")
    picture = ["-f", "lavfi", "-i", "color=size=64x64:rate=24000/1001:duration=8", "-i", str(reel)]
    codecs = ["-c:v", "mpeg4", "-c:a", "copy", "-timecode", "01:00:00:00", str(out)]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *picture, *codecs], check=True)
    return out


def measure(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    assert run(["measure", *map(str, arguments), "--json"]) == 0
    body: dict[str, Any] = json.loads(capsys.readouterr().out)
    return body


def test_segments_beside_the_whole(reel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = measure(capsys, reel, "--segment", "0-4", "--segment", "4.5-7.25")
    first, second = body["segments"]
    assert (second["start_seconds"], second["end_seconds"], second["duration_seconds"]) == (4.5, 7.25, 2.75)
    assert [part["integrated_lufs"] for part in (first, second)] == pytest.approx([-20.0, -40.0], abs=0.1)
    assert [part["true_peak_dbtp"] for part in (first, second)] == pytest.approx([-20.0, -40.0], abs=0.1)
    assert body["integrated_lufs"] == pytest.approx(-20.0, abs=0.5)
    assert body["ungated_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert "approximates dialogue gating" in body["gates"]["dialogue_lufs"]


@pytest.mark.parametrize("segment", ["01:00:04:12-01:00:07:00", "4.5045-7.007"])
def test_timecode_is_the_films(film: Path, capsys: pytest.CaptureFixture[str], segment: str) -> None:
    (part,) = measure(capsys, film, "--segment", segment)["segments"]
    # 108 and 168 frames of 1001/24000 s.
    assert (part["start_seconds"], part["end_seconds"]) == pytest.approx((4.5045, 7.007))
    assert part["integrated_lufs"] == pytest.approx(-40.0, abs=0.1)


def test_timecode_of_a_file_without_a_picture(reel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (reel, "--segment", "00:00:04:12-00:00:07:00", "--frame-rate", "23.98")
    (part,) = measure(capsys, *asked)["segments"]
    assert part["start_seconds"] == pytest.approx(4.5045)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--segment", "5"), 2, "'5' is not START-END"),
        (("--segment", "a-b"), 2, "'a' is neither seconds nor timecode"),
        (("--segment", "nan-5"), 2, "'nan' is neither seconds nor timecode"),
        (("--segment", "0-inf"), 2, "'inf' is neither seconds nor timecode"),
        (("--segment", "4-80"), 3, "no segment from 4 to 80 s (reel.wav)"),
        (("--segment", "6-5"), 3, "no segment from 6 to 5 s (reel.wav)"),
        (("--segment", "00:00:01:00-00:00:02:00"), 3, "add --frame-rate"),
        (("--segment", "00:00:01:24-00:00:02:00", "--frame-rate", "24"), 3, "has no frame 24"),
        (("--segment", "00:00:01:00-00:00:02:00", "--frame-rate", "fast"), 2, "'fast' is not a frame rate"),
        (("--segment", "00:00:01:00-00:00:02:00", "--frame-rate=-25"), 2, "'-25' is not a frame rate"),
    ],
)
def test_what_is_no_segment(
    reel: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(reel.parent)
    assert run(["measure", "reel.wav", *arguments]) == code
    assert words in capsys.readouterr().err
