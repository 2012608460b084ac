"""What a person says about an event is done, shown and traced; with a recognizer, language is read and held to tags."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cli.localizing import localize_here
from cli.main import run
from dubline.audio.wav import WavReader
from flows.deliver import Localized
from tests.dubline.transcription.conftest import checkpoint

SAID = [
    {"do": "add", "start_seconds": 2.0, "end_seconds": 2.6, "channels": ["FL", "FR"], "label": "laughter"}
    | {"disposition": "optional", "who": "ann", "note": "far left"},
    {"do": "drop", "at": {"start_seconds": 90, "end_seconds": 91, "channels": ["FL", "FR"]}, "who": "ben"},
]


@pytest.fixture(scope="module")
def title(prefect_server: str, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A film of one dub, localized with edits and a recognizer that hears French everywhere."""
    pytest.importorskip("whisper", reason="the extra asr is not installed")
    folder = tmp_path_factory.mktemp("events")
    (folder / "edits.yaml").write_text(yaml.safe_dump({"edits": SAID}))
    order = {
        "title": {"id": "edited", "name": "Edited"},
        "master": {"path": str(sample / "master.mov"), "language": "en"},
        "dubs": [{"language": "fr-FR", "dialogue": str(sample / "dub_fr.wav")}],
        "deliver": [{"spec": "web", "container": "mov", "codec": "pcm_s24le"}],
        "options": {"edits": "edits.yaml", "sync": "off"},
    }
    (folder / "order.yaml").write_text(yaml.safe_dump(order))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUBLINE_HOME", str(folder / "home"))
        patch.setenv("DUBLINE_ASR_MODEL", str(checkpoint(folder / "tiny.pt", "fr", [(0.0, "Le bateau.", 1.0)])))
        yield folder, localize_here(folder / "order.yaml", folder / "out")


Title = tuple[Path, Localized]


def test_an_added_event_is_taken_out_and_the_report_says_who_wanted_it(title: Title) -> None:
    _, result = title
    report = json.loads(Path(result.me["report"]).read_text())
    (added,) = (one for one in report["treatments"] if one["edited"] == "added")
    assert (added["decided_by"], added["disposition"], added["reason"]) == ("ann", "optional", "far left")
    with WavReader(Path(result.me["optional"])) as reader:
        optional, rate = reader.read(), reader.rate
    assert np.abs(optional[2 * rate : round(2.6 * rate)]).max() > 0
    assert any("an edit of ben (drop) did nothing" in note for note in result.notes)


def test_the_edits_are_in_the_lineage_of_what_they_changed(title: Title, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = title
    assert run(["catalog", "lineage", result.me["optional"], "--json"]) == 0
    assert "edits.yaml" in capsys.readouterr().out


def test_the_guides_text_is_traced_to_the_recognizer(title: Title, capsys: pytest.CaptureFixture[str]) -> None:
    folder, result = title
    assert run(["catalog", "lineage", str(Path(result.me["dx_guide"]).with_suffix(".srt")), "--json"]) == 0
    assert hashlib.sha256((folder / "tiny.pt").read_bytes()).hexdigest() in capsys.readouterr().out


def test_every_event_is_on_the_page_and_its_clips_lie_beside_it(title: Title) -> None:
    _, result = title
    page = result.report.with_name("events.html").read_text(encoding="utf-8")
    report = json.loads(Path(result.me["report"]).read_text())
    assert 'href="events.html"' in result.report.read_text(encoding="utf-8")
    for one in report["treatments"]:
        assert one["id"] in page
        assert (result.report.parent / "clips" / f"{one['id']}-before.wav").is_file()


def test_the_guide_has_its_text_and_every_track_is_held_to_its_tag(title: Title) -> None:
    folder, result = title
    guide = Path(result.me["dx_guide"])
    assert "Le bateau." in guide.with_suffix(".srt").read_text(encoding="utf-8")
    lines = json.loads(guide.with_suffix(".json").read_text(encoding="utf-8"))["lines"]
    assert lines and {line["text"] for line in lines} == {"Le bateau."}
    report = json.loads(Path(result.me["report"]).read_text())
    assert report["residual_language"]["ran"] and report["residual_language"]["shared_words"] > 0
    manifest = json.loads((folder / "out" / "edited" / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["dubs"][0]["heard"]["agrees"], manifest["original_heard"]["agrees"]) == (True, False)
    assert any("the original dialogue is tagged en, and fr is heard in it" in note for note in result.notes)
    assert not any("dub is tagged" in note for note in result.notes)
