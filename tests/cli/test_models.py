"""``dubline models``: what ships, what its authors publish, what a studio added; errors are one line."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import save_file

from cli.main import run
from dubline.separation.registry import ARCHITECTURES, list_models


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs ``dubline models … --json`` in an empty home: ``say(*arguments)`` gives the exit code, answer and stderr."""
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "home"))

    def call(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        code = run(["models", *map(str, arguments), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {}, said.err

    return call


@pytest.fixture
def fcn(tmp_path: Path) -> Path:
    """A checkpoint for the card of the small convolutional network, whose weights do not ship."""
    card = next(card for card in list_models() if card.id == "fcn-small")
    path = tmp_path / "fcn.safetensors"
    save_file(ARCHITECTURES[card.architecture](card.config).state_dict(), str(path))
    return path


def weights(say: Any) -> dict[str, str]:
    return {model["id"]: model["weights"] for model in say()[1]["models"]}


def test_the_list_tells_what_ships_from_what_does_not(say: Any) -> None:
    listed = weights(say)
    assert listed["bandsplit-small"] == "shipped"
    assert {listed[card.id] for card in list_models() if not card.file} == {"not shipped"}


def test_a_checkpoint_completes_the_card_of_a_model_that_is_not_shipped(say: Any, fcn: Path) -> None:
    code, added, _ = say("add", fcn, "--card", "fcn-small")
    assert code == 0 and added["file"] == f"{added['sha256']}.safetensors"
    assert weights(say)["fcn-small"] == "added"
    assert say("show", "fcn-small")[1]["sha256"] == added["sha256"]


def test_what_is_not_shipped_says_where_it_is_published(say: Any) -> None:
    card = say("show", "open-unmix")[1]
    assert card["file"] == "" and all(upstream["address"] and upstream["license"] for upstream in card["upstream"])


@pytest.mark.parametrize(
    ("file", "card"),
    [
        ("nowhere.safetensors", "fcn-small"),
        ("trap.pt", "fcn-small"),
        ("fcn.safetensors", "nowhere.yaml"),
        ("fcn.safetensors", "fcn.safetensors"),
        ("fcn.safetensors", "open-unmix"),
        ("fcn.safetensors", "."),
    ],
)
def test_errors_are_one_line_and_nothing_is_kept(
    file: str, card: str, say: Any, fcn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.pt").write_bytes(pickle.dumps({"weights": [1.0]}))
    code, _, said = say("add", file, "--card", card)
    assert code == 3
    assert said.startswith("error: ") and said.count("\n") == 1
    assert not list((tmp_path / "home").rglob("*.safetensors"))


def test_separating_with_weights_that_are_not_there_names_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "home"))
    (tmp_path / "mix.wav").touch()
    code = run(["separate", str(tmp_path / "mix.wav"), "--out", str(tmp_path / "out"), "--model", "open-unmix"])
    said = capsys.readouterr().err
    assert code == 3 and said.count("\n") == 1
    address = next(card for card in list_models() if card.id == "open-unmix").upstream[0].address
    assert address in said and "dubline models add" in said
    assert not (tmp_path / "out").exists()


def test_a_table_shows_brackets_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "home"))
    assert run(["models", "show", "bandit-v2"]) == 0
    assert "'targets': ['speech', 'music', 'sfx']" in " ".join(capsys.readouterr().out.replace("│", " ").split())


def test_a_studio_chooses_its_default_among_what_can_be_loaded(say: Any, fcn: Path) -> None:
    say("add", fcn, "--card", "fcn-small")
    assert say("default", "fcn-small")[0] == 0
    assert say("show", "default")[1]["id"] == "fcn-small"
    assert [model["id"] for model in say()[1]["models"] if model["default"]] == ["fcn-small"]
    code, _, words = say("default", "open-unmix")
    assert code == 3 and "do not come with dubline" in words and len(words.splitlines()) == 1
    assert say("show", "default")[1]["id"] == "fcn-small"
    assert say("default", "bandsplit-small")[0] == 0
    assert [model["id"] for model in say()[1]["models"] if model["default"]] == ["bandsplit-small"]


def test_a_default_that_was_taken_away_is_named_and_the_rest_is_still_listed(
    say: Any, fcn: Path, tmp_path: Path
) -> None:
    say("add", fcn, "--card", "fcn-small")
    say("default", "fcn-small")
    for path in (tmp_path / "home" / "models").rglob("*.*"):
        path.unlink()
    (tmp_path / "home" / "models" / "default").write_text("mine\n")
    code, _, words = say("show", "default")
    assert code == 3 and "no model 'mine'" in words and "dubline models default" in words
    assert not any(model["default"] for model in say()[1]["models"])
