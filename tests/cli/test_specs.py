"""``dubline specs``, and a studio's own specs in every command and order that judges by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from cli.context import open_catalog
from cli.main import run
from db.errors import Conflict
from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput
from dubline.loudness import specs
from dubline.loudness.specs import Spec
from flows.preflight import Plan, preflight
from flows.run import register_specs
from tasks.settings import Settings

CONTRACT = {
    "ebu-r128", "ebu-r128-s1", "ebu-r128-s2", "ebu-r128-s4", "netflix-nearfield", "netflix-theatrical",
    "amazon-originals", "atsc-a85", "arib-tr-b32", "op-59", "disney-plus", "apple-tv-plus", "wbd", "hulu",
    "aes-td1008", "web",
}  # fmt: skip

STUDIO = {
    "id": "studio-x",
    "version": 1,
    "name": "Studio X",
    "verified": False,
    "sources": ["its delivery document"],
    "loudness": {
        "gate": "programme", "algorithm": "bs1770-4", "target_lufs": -20.0,
        "tol_low": 1.0, "tol_high": 1.0, "reject_low": 2.0, "reject_high": 2.0,
    },
    "max_true_peak_dbtp": -2.0,
    "qc_max_true_peak_dbtp": -1.0,
}  # fmt: skip


@pytest.fixture
def said(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command says on stdout; ``code`` is what it must exit with."""

    def call(*arguments: str | Path, code: int = 0) -> str:
        capsys.readouterr()
        assert run([*map(str, arguments)]) == code
        return capsys.readouterr().out

    return call


def keep(home: Path, file: str = "x.yaml", **changes: Any) -> Path:
    """A spec file in the studio's folder."""
    (home / "specs").mkdir(parents=True, exist_ok=True)
    path = home / "specs" / file
    path.write_text(yaml.safe_dump(STUDIO | changes))
    return path


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """The one line in which a command refuses its input."""
    capsys.readouterr()
    assert run([*map(str, arguments)]) == 3
    line = capsys.readouterr().err
    assert line.startswith("error: ") and line.count("\n") == 1
    return line


def test_every_spec_of_the_contract_is_listed(said: Any) -> None:
    listed = json.loads(said("specs", "--json"))["specs"]
    assert {spec["id"] for spec in listed} >= CONTRACT
    assert {spec["standing"] for spec in listed} == {"shipped"}
    assert said("specs") == said("specs", "list")


@pytest.mark.parametrize("arguments", [("specs", "show", "wbd"), ("specs", "wbd")])
def test_a_spec_is_shown_whole(said: Any, arguments: tuple[str, ...]) -> None:
    body = json.loads(said(*arguments, "--json"))
    assert Spec.model_validate({key: body[key] for key in Spec.model_fields}) == specs.get("wbd")
    people = said(*arguments)
    assert "loudness.target_lufs" in people and "-24.00" in people and "01:00:00:00" in people
    assert "not verified: confirm its figures with the client" in people
    assert "not verified" not in said("specs", "show", "ebu-r128")


def test_the_schema_is_printed(said: Any) -> None:
    assert json.loads(said("specs", "schema")) == specs.schema()


def test_a_studios_spec_is_listed_shown_and_overrides(said: Any, home: Path, tmp_path: Path) -> None:
    version = specs.get("web").version + 1
    keep(home)
    keep(home, "louder.yml", id="web", version=version)
    standing = {spec["id"]: spec["standing"] for spec in json.loads(said("specs", "--json"))["specs"]}
    assert standing["studio-x"] == "added"
    assert standing["web"] == f"overrides shipped version {version - 1}"
    assert f"overrides shipped version {version - 1}" in " ".join(said("specs", "show", "web").split())


def test_a_folder_of_its_own_can_be_set(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(tmp_path / "shared")
    monkeypatch.setenv("DUBLINE_SPECS_DIR", str(path.parent))
    assert json.loads(said("specs", "show", "studio-x", "--json"))["name"] == "Studio X"


def test_check_says_whether_a_file_may_join(
    said: Any, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = keep(home)
    assert "a sound spec, studio-x version 1" in said("specs", "check", path)
    assert json.loads(said("specs", "check", path, "--json"))["digest"] == specs.load(path).digest()
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(STUDIO | {"name": "Other"}))
    assert "known with other content" in refusal(capsys, "specs", "check", new)
    new.write_text(yaml.safe_dump(STUDIO | {"loud": 1}))
    assert "not valid at loud" in refusal(capsys, "specs", "check", new)
    assert "cannot be read" in refusal(capsys, "specs", "check", tmp_path / "missing.yaml")


def test_what_the_catalog_knows_cannot_be_reworded(
    said: Any, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep(home)
    spec = specs.load(path)
    open_catalog().register_spec(spec.id, str(spec.version), spec.body())
    said("specs", "check", path)
    keep(home, max_true_peak_dbtp=-3.0)
    assert "known to the catalog with other content" in refusal(capsys, "specs", "check", path)
    keep(home, max_true_peak_dbtp=-3.0, version=2)
    said("specs", "check", path)


@pytest.mark.parametrize("command", [("specs",), ("measure", "tone.wav", "--spec", "web")], ids=" ".join)
def test_a_broken_file_in_the_folder_is_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    write_tone(tmp_path / "tone.wav")
    keep(home, "broken.yaml", surprise=1)
    assert "broken.yaml" in refusal(capsys, *command)


def write_tone(path: Path) -> None:
    """Five seconds of 1 kHz at -20 dBFS in two channels: -20 LUFS (EBU Tech 3341)."""
    with WavWriter(path, rate=48_000, layout=Layout.parse("stereo", where="test")) as writer:
        tone = 0.1 * np.sin(2 * np.pi * 1000 * np.arange(5 * 48_000) / 48_000)
        writer.write(np.repeat(tone[:, None], 2, axis=1).astype(np.float32))


def test_measure_judges_by_the_studios_spec_and_says_what_it_is(said: Any, home: Path, tmp_path: Path) -> None:
    keep(home)
    write_tone(tmp_path / "tone.wav")
    body = json.loads(said("measure", tmp_path / "tone.wav", "--spec", "studio-x", "--json"))
    assert body["spec"] == {"id": "studio-x", "version": 1, "verified": False, "standing": "added"}
    assert body["verdict"] == "pass"
    assert "pass against studio-x version 1, which is not verified" in said(
        "measure", tmp_path / "tone.wav", "--spec", "studio-x"
    )


def test_conform_says_which_spec_it_conformed_to(said: Any, home: Path, tmp_path: Path) -> None:
    keep(home)
    write_tone(tmp_path / "tone.wav")
    arguments = ("conform", tmp_path / "tone.wav", "--spec", "studio-x", "--out", tmp_path / "out.wav")
    body = json.loads(said(*arguments, "--json"))
    assert body["spec"] == {"id": "studio-x", "version": 1, "verified": False, "standing": "added"}
    assert (tmp_path / "out.wav").read_bytes() == (tmp_path / "tone.wav").read_bytes()
    assert "pass against studio-x version 1, which is not verified" in said(*arguments)


def test_an_m_and_e_is_measured_and_never_gained(said: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tone(tmp_path / "me.wav")
    assert json.loads(said("measure", tmp_path / "me.wav", "--spec", "netflix-me", "--json"))["verdict"] == "pass"
    line = refusal(capsys, "conform", tmp_path / "me.wav", "--spec", "netflix-me", "--out", tmp_path / "out.wav")
    assert "an M&E is never gained" in line
    assert not (tmp_path / "out.wav").exists()


def test_segments_are_held_to_a_spec_that_asks_it(said: Any, home: Path, tmp_path: Path) -> None:
    keep(home, loudness=STUDIO["loudness"] | {"each_segment": True})  # type: ignore[operator]
    with WavWriter(tmp_path / "two.wav", rate=48_000, layout=Layout.parse("mono", where="test")) as writer:
        tone = np.sin(2 * np.pi * 1000 * np.arange(10 * 48_000) / 48_000)
        tone[: 5 * 48_000] *= 0.1413
        tone[5 * 48_000 :] *= 0.1
        writer.write(tone[:, None].astype(np.float32))
    arguments = ("measure", tmp_path / "two.wav", "--spec", "studio-x", "--segment", "0-5", "--segment", "5-10")
    checks = json.loads(said(*arguments, "--json", code=4))["checks"]
    grades = {check["name"]: check["verdict"] for check in checks if "loudness" in check["name"]}
    assert grades == {
        "programme_loudness": "warn",
        "segment_1_programme_loudness": "pass",
        "segment_2_programme_loudness": "fail",
    }


@pytest.fixture
def ordered(sample: Path, tmp_path: Path, home: Path) -> Any:
    """The plan of an order for one spec."""

    def plan(spec_id: str) -> Plan:
        order = yaml.safe_load((sample / "order.yaml").read_text())
        order["deliver"] = [{"spec": spec_id, "container": "mov", "codec": "pcm_s24le"}]
        order["master"]["path"] = str(sample / order["master"]["path"])
        for dub in order["dubs"]:
            dub["dialogue"] = str(sample / dub["dialogue"])
        path = tmp_path / "order.yaml"
        path.write_text(yaml.safe_dump(order))
        return preflight(path, tmp_path / "out", Settings.load())

    return plan


def test_an_order_uses_the_studios_spec(ordered: Any, home: Path) -> None:
    keep(home)
    plan = ordered("studio-x")
    assert plan.specs["studio-x"] == specs.load(home / "specs" / "x.yaml")
    assert plan.standing["studio-x"] == "added"


def test_an_order_is_refused_where_the_catalog_knows_its_spec_otherwise(ordered: Any, home: Path) -> None:
    keep(home)
    register_specs(ordered("studio-x"))
    register_specs(ordered("studio-x"))
    keep(home, name="Studio X, renamed")
    with pytest.raises(Conflict, match="'studio-x' version 1 is known to the catalog with other content") as refused:
        register_specs(ordered("studio-x"))
    assert refused.value.exit_code == 3
    keep(home, name="Studio X, renamed", version=2)
    register_specs(ordered("studio-x"))


@pytest.mark.parametrize("spec_id", ["netflix-me", "netflix-premix-dialogue"])
def test_what_is_no_spec_for_a_print_master_cannot_be_ordered(ordered: Any, spec_id: str) -> None:
    with pytest.raises(BadInput, match=rf"{spec_id} is no spec for a print master \(.*delivery 1\)"):
        ordered(spec_id)
