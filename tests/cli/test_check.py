"""``dubline check``: any file from anywhere, judged by what there is to judge it by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from dubline.media import languages
from dubline.media.probe import probe
from dubline.media.remux import Track, remux


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run ``dubline check --json`` and give its exit code and object."""

    def call(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
        code = run(["check", *map(str, arguments), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def film(sample: Path, tmp_path: Path) -> Path:
    """The sample title with its own mix as its French dub."""
    out = tmp_path / "film_fr.mov"
    mix = sample / "stems" / "music.wav"
    master = sample / "master.mov"
    remux(master, probe(master), [Track(mix, "pcm_s24le", languages.parse("fr-FR"))], out, container="mov")
    return out


def verdicts(body: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in body["checks"]}


def test_with_master_mix_and_language_every_line_is_judged(say: Any, sample: Path, film: Path) -> None:
    mix = sample / "stems" / "music.wav"
    given = ("--master", sample / "master.mov", "--reference", mix, "--language", "fr-FR")
    code, body = say(film, "--spec", "ebu-r128", *given)
    assert body["unjudged"] == []
    found = verdicts(body)
    assert [name for name, verdict in found.items() if verdict == "fail" and "loudness" not in name] == []
    assert {"lag", "picture", "language", "timecode", "clipping", "mono_sum_loss"} <= set(found)
    assert code == (4 if body["verdict"] == "fail" else 0)


def test_what_is_wrong_exits_with_4(say: Any, sample: Path, film: Path) -> None:
    code, body = say(film, "--spec", "web", "--master", sample / "master_5.1.mov", "--language", "de-DE")
    assert code == 4
    assert {name for name, verdict in verdicts(body).items() if verdict == "fail"} >= {"language"}
    assert {item["name"] for item in body["unjudged"]} >= {"lag", "same_sound"}


def test_a_bare_file_is_judged_by_itself_and_the_report_says_what_was_not(
    say: Any, sample: Path, tmp_path: Path
) -> None:
    out = tmp_path / "qc" / "report.html"
    _, body = say(sample / "dub_fr.wav", "--spec", "netflix-nearfield", "--out", out)
    reasons = {item["name"]: item["reason"] for item in body["unjudged"]}
    assert (reasons["lag"], reasons["language"]) == ("no reference was given", "no language was given")
    assert body["measurement"]["dialogue_lufs"] is not None
    html = out.read_text(encoding="utf-8")
    assert "Not judged" in html
    assert "dub_fr.wav" in html
    assert json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))["deliverables"] == [body]


def test_a_stream_the_master_does_not_have_is_bad_input(
    home: Path, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    master, out, french = sample / "master.mov", tmp_path / "both.mov", languages.parse("fr-FR")
    track = Track(sample / "stems" / "music.wav", "pcm_s24le", french)
    remux(master, probe(master), [track], out, container="mov", keep_original=True)
    assert run(["check", str(out), "--spec", "web", "--master", str(master), "--audio-stream", "7"]) == 3
    assert "no audio stream 7" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (("--spec", "nowhere"), 3, "nowhere"),
        (("--spec", "web", "--language", "xx-XX"), 3, "xx-XX"),
        (("--spec", "web", "--language", "fr", "--language", "de", "--reference", "a.wav"), 2, "--reference"),
        (("--spec", "web", "--out", "report.json"), 2, ".html"),
        (("--spec", "web", "--out", "x" * 300 + ".html"), 5, "name too long"),
        ((), 2, "--spec"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_line(
    home: Path, sample: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], code: int, said: str
) -> None:
    assert run(["check", str(sample / "dub_fr.wav"), *more]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1


def test_the_report_replaces_no_input(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "film_fr.html"
    for delivered in (out, tmp_path / "film_fr.json"):
        delivered.write_bytes(b"precious")
        assert run(["check", str(delivered), "--spec", "web", "--out", str(out)]) == 3
        assert "--out is an input" in capsys.readouterr().err
        assert [path for path in tmp_path.iterdir() if path.is_file()] == [delivered]
        assert delivered.read_bytes() == b"precious"
        delivered.unlink()
