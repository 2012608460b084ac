"""``dubline catalog``: every question is answered for people and for programs, and faults have their exit codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cli.context import open_catalog, open_store
from cli.main import run
from db.assets import Fingerprint, hash_file
from dubline.loudness.specs import get
from tasks.context import means
from tasks.demux import demux
from tasks.separate import separate


@dataclass
class Delivered:
    """A title taken through two real recipes, with made-up bytes."""

    deliverable: int
    master: Path
    file: Path


@pytest.fixture
def delivered(home: Path, tmp_path: Path) -> Delivered:
    catalog, store = open_catalog(), open_store()
    version = catalog.register_title(
        slug="x", name="[X] \u00e9", original_language="en", version_label="cut", fps=(24, 1)
    )
    master = tmp_path / "master.mov"
    master.write_bytes(b"master")
    sha256 = hash_file(master)
    catalog.register_external(master, sha256, 6, Fingerprint.of(master), version_id=version)
    run_id = catalog.start_run(version, trigger="user", host="here")
    for step, role, params in ((demux, "ov_mix", {"stream": 0}), (separate, "dx", {"model": "default"})):
        recipe = step.recipe({"source": sha256}, params, means())
        step_id = catalog.begin_step(run_id, recipe)
        scratch = tmp_path / "scratch.wav"
        scratch.write_bytes(role.encode())
        asset = store.put(scratch, suffix=".wav")
        catalog.finish_step(step_id, {role: asset})
        sha256 = asset.sha256
    file = tmp_path / "out" / "x_fr-FR_ebu-r128.wav"
    file.parent.mkdir()
    file.write_bytes(b"dx")
    deliverable = catalog.record_deliverable(
        version,
        language="fr-FR",
        spec_id="ebu-r128",
        spec_version=str(get("ebu-r128").version),
        spec_body=get("ebu-r128").body(),
        sha256=sha256,
        path=file,
        container="mov",
        codec="pcm_s24le",
        verdict="pass",
        checks=[],
        measurement={},
    )
    catalog.finish_run(run_id, "completed")
    return Delivered(deliverable, master, file)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["catalog", *arguments]) == code
    return capsys.readouterr().out


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    return json.loads(said(capsys, *arguments, "--json", code=code))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    capsys.readouterr()
    assert run(["catalog", *arguments]) == code
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    return error


@pytest.mark.usefixtures("delivered")
def test_titles_and_one_title(capsys: pytest.CaptureFixture[str]) -> None:
    (listed,) = answer(capsys, "titles")["titles"]
    assert (listed["slug"], listed["name"], listed["deliverables"]) == ("x", "[X] \u00e9", {"candidate": 1})
    shown = answer(capsys, "title", "x")
    assert shown["fps"] == [24, 1]
    assert [(one["state"], one["executed"]) for one in shown["runs"]] == [("completed", 2)]
    assert [one["verdict"] for one in shown["deliverables"]] == ["pass"]
    assert "[X] \u00e9" in said(capsys, "titles")
    assert f"ebu-r128 {get('ebu-r128').version}" in said(capsys, "title", "x")


def test_lineage_by_file_id_and_hash(delivered: Delivered, capsys: pytest.CaptureFixture[str]) -> None:
    trees = [answer(capsys, "lineage", named) for named in (str(delivered.file), str(delivered.deliverable))]
    assert trees[0] == trees[1]
    step = trees[0]["children"][0]["children"][0]
    assert step["label"] == f"separate v{separate.version}"
    assert [child["kind"] for child in step["children"]] == ["model", "asset"]
    people = said(capsys, "lineage", str(delivered.file))
    assert "separate v" in people
    assert "master.mov" in people
    down = said(capsys, "lineage", str(delivered.master))
    assert f"demux v{demux.version}" in down
    assert str(delivered.file) in down
    assert said(capsys, "lineage", str(delivered.master), "--up").count("\n") == 1


@pytest.mark.usefixtures("delivered")
def test_a_title_whose_order_nobody_kept_cannot_be_compared(capsys: pytest.CaptureFixture[str]) -> None:
    body = answer(capsys, "stale")
    assert body["stale"] == []
    assert [(one["slug"], one["version"]) for one in body["not_compared"]] == [("x", "cut")]
    assert "no order is kept of it" in " ".join(said(capsys, "stale").split())


@pytest.mark.usefixtures("delivered")
def test_verify_ends_with_5_when_bytes_are_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "verify")["sound"] is True
    assert "3 files checked" in said(capsys, "verify")
    broken = next(path for path in open_store().local.rglob("*.wav") if path.read_bytes() == b"dx")
    broken.unlink()
    assert [fault["problem"] for fault in answer(capsys, "verify", code=5)["faults"]] == ["missing"]
    assert "1 objects missing, 0 corrupt" in refused(capsys, "verify", "--quick", code=5)
    # The published file has the same bytes.
    assert answer(capsys, "verify", "--repair")["faults"][0]["mended"].startswith("restored from ")
    assert answer(capsys, "verify")["faults"] == []


@pytest.mark.usefixtures("delivered")
def test_a_backup_is_brought_back_into_an_empty_home(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    had = answer(capsys, "title", "x")
    backup = answer(capsys, "backup", str(tmp_path / "backup"))
    assert (backup["copied"], backup["missing"]) == (len(list(open_store().objects())), [])
    assert "0 objects copied" in said(capsys, "backup", str(tmp_path / "backup"), "--without-bytes")
    refused(capsys, "restore", str(tmp_path / "backup"), code=3)
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "elsewhere"))
    restored = answer(capsys, "restore", str(tmp_path / "backup"), "--name", backup["name"])
    assert (restored["stored"], restored["interrupted"]) == (backup["copied"], 0)
    assert answer(capsys, "title", "x") == had
    assert answer(capsys, "verify", "--quick")["faults"] == []
    refused(capsys, "restore", str(tmp_path / "nowhere"), code=3)


@pytest.mark.usefixtures("delivered")
def test_gc_frees_only_when_told_to(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "orphan").write_bytes(b"orphan")
    asset = open_store().put(tmp_path / "orphan", suffix=".wav")
    orphan = Path(open_store().location(asset))
    assert answer(capsys, "gc")["files"] == []
    assert answer(capsys, "gc", "--grace-days", "0") == {
        "deleted": False,
        "files": [orphan.name],
        "bytes": 6,
        "steps": 0,
    }
    assert orphan.exists()
    assert "6 B in 1 files, 0 empty steps: freed" in said(capsys, "gc", "--grace-days", "0", "--delete")
    assert not orphan.exists()


@pytest.mark.usefixtures("delivered")
def test_export_writes_a_file_per_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = answer(capsys, "export", str(tmp_path / "export"))["rows"]
    assert rows["step"] == 2
    assert pq.read_table(tmp_path / "export" / "step.parquet").num_rows == 2
    assert "step" in said(capsys, "export", str(tmp_path / "export"))


@pytest.mark.usefixtures("delivered")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("title", "nowhere"), 3),
        (("lineage", "ffffffff"), 3),
        (("gc", "--grace-days", "-1"), 2),
        (("nonsense",), 2),
    ],
)
def test_what_is_unknown_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int
) -> None:
    refused(capsys, *arguments, code=code)


def test_an_empty_catalog_has_answers_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "titles") == {"titles": []}
    assert answer(capsys, "verify")["checked"] == 0
    assert answer(capsys, "gc")["files"] == []
    assert answer(capsys, "stale") == {"stale": [], "not_compared": []}
