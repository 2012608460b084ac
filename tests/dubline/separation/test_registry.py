"""A model is its card and exactly the bytes its card names; nothing else is loaded."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file

from dubline.errors import BadInput
from dubline.separation.network import MaskNetwork
from dubline.separation.registry import PACKAGE, add_model, list_models, load, sha256_of, standing

CONFIG = {"bands": 8, "features": 8, "hidden": 8, "pairs": 1, "head": 8}
# What a repository can carry.
LARGEST = 25 * 2**20

CardMaker = Callable[..., Path]


@pytest.fixture
def checkpoint(tmp_path: Path, tiny: MaskNetwork) -> Path:
    """The tiny network's weights, as training would save them."""
    path = tmp_path / "tiny.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tiny.state_dict().items()}, str(path))
    return path


@pytest.fixture
def card(tmp_path: Path) -> CardMaker:
    """Writes a card for the checkpoint: ``card(**changes)``."""

    def write(**changes: object) -> Path:
        values = {
            "id": "tiny",
            "version": "1",
            "summary": "a test",
            "architecture": "bandsplit",
            "config": CONFIG,
            "licenses": {"code": "Apache-2.0", "weights": "CC0-1.0"},
        }
        path = tmp_path / "tiny.card.yaml"
        path.write_text(yaml.safe_dump(values | changes))
        return path

    return write


def test_the_shipped_default_is_whole_and_small() -> None:
    defaults = [c for c in list_models() if c.default]
    assert len(defaults) == 1
    path = PACKAGE / "weights" / defaults[0].file
    assert path.stat().st_size < LARGEST
    assert sha256_of(path) == defaults[0].sha256
    assert defaults[0].sources and defaults[0].figures and defaults[0].weaknesses
    model = load(device="cpu")
    assert model.card == defaults[0]
    assert all(torch.isfinite(p).all() for p in model.network.parameters())
    assert not any(p.requires_grad for p in model.network.parameters()) and not model.network.training


def test_an_added_model_is_listed_and_separates_like_the_original(
    tmp_path: Path, checkpoint: Path, card: CardMaker, tiny: MaskNetwork
) -> None:
    models = tmp_path / "models"
    added = add_model(checkpoint, card(), models)
    assert added.sha256 == sha256_of(checkpoint)
    assert [c.id for c in list_models(models)][-1] == "tiny"
    wave = torch.randn(1, 1, 5_000)
    assert torch.equal(load("tiny", models, "cpu").network(wave).dialogue, tiny(wave).dialogue)
    assert add_model(checkpoint, card(), models) == added


def test_an_added_model_never_becomes_the_default(tmp_path: Path, checkpoint: Path, card: CardMaker) -> None:
    add_model(checkpoint, card(default=True), tmp_path / "models")
    assert load("default", tmp_path / "models", "cpu").card.id != "tiny"


def test_altered_weights_are_refused(tmp_path: Path, checkpoint: Path, card: CardMaker) -> None:
    models = tmp_path / "models"
    added = add_model(checkpoint, card(), models)
    stored = models / "weights" / added.file
    data = bytearray(stored.read_bytes())
    data[-1] ^= 1
    stored.write_bytes(data)
    with pytest.raises(BadInput, match="differ from its card"):
        load("tiny", models)
    stored.unlink()
    with pytest.raises(BadInput, match="missing"):
        load("tiny", models)


def test_a_pickle_is_refused_and_never_run(tmp_path: Path, card: CardMaker) -> None:
    trap, witness = tmp_path / "trap.pt", tmp_path / "ran"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (witness,)

    trap.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(BadInput, match="pickles are refused"):
        add_model(trap, card(), tmp_path / "models")
    assert not witness.exists() and not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "0" * 64}, "the file has"),
        ({"architecture": "oracle"}, "unknown architecture"),
        ({"config": {"bands": 8, "colors": 3}}, "config does not fit"),
        ({"config": CONFIG | {"features": 16}}, "weights do not fit"),
        ({"id": "Not An Id"}, "id"),
        ({"surprise": 1}, "surprise"),
        ({"licenses": {"code": "MIT"}}, "licenses.weights"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    tmp_path: Path, checkpoint: Path, card: CardMaker, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        add_model(checkpoint, card(**changes), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_an_id_names_one_set_of_weights(tmp_path: Path, checkpoint: Path, card: CardMaker) -> None:
    models = tmp_path / "models"
    add_model(checkpoint, card(), models)
    other = tmp_path / "other.safetensors"
    state = load("tiny", models, "cpu").network.state_dict()
    save_file({name: tensor + 1 for name, tensor in state.items()}, str(other))
    with pytest.raises(BadInput, match="other weights"):
        add_model(other, card(), models)


def test_an_unknown_model_names_its_nearest() -> None:
    known = list_models()[0].id
    with pytest.raises(BadInput, match=known):
        load(known[:-1])


def test_a_card_that_is_not_yaml_is_refused(tmp_path: Path, checkpoint: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("{")
    with pytest.raises(BadInput, match="YAML"):
        add_model(checkpoint, bad, tmp_path / "models")


def test_a_loaded_network_stays_warm_until_its_bytes_change(tmp_path: Path, checkpoint: Path, card: CardMaker) -> None:
    models = tmp_path / "models"
    added = add_model(checkpoint, card(), models)
    network = load("tiny", models, "cpu").network
    assert load("tiny", models, "cpu").network is network
    state = {name: tensor + 1 for name, tensor in network.state_dict().items()}
    (models / "tiny.yaml").unlink()
    save_file(state, str(checkpoint))
    other = add_model(checkpoint, card(), models)
    assert other.sha256 != added.sha256
    assert load("tiny", models, "cpu").network is not network


def test_a_card_without_weights_says_where_they_are_published(tmp_path: Path, card: CardMaker) -> None:
    models = tmp_path / "models"
    models.mkdir()
    place = {"file": "tiny.pth", "address": "https://example.org/tiny", "license": "MIT"}
    card(upstream=[place]).rename(models / "tiny.yaml")
    assert standing(models)["tiny"] == "not shipped"
    with pytest.raises(
        BadInput, match=r"do not come with dubline.*tiny\.pth from https://example\.org/tiny.*models add"
    ):
        load("tiny", models, "cpu")


def test_a_device_without_room_for_the_weights_leaves_them_on_the_cpu(
    tmp_path: Path, checkpoint: Path, card: CardMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_model(checkpoint, card(), tmp_path / "models")

    def full(network: torch.nn.Module, device: str) -> torch.nn.Module:
        if device != "cpu":
            raise torch.OutOfMemoryError("full")
        return network

    monkeypatch.setattr(torch.nn.Module, "to", full)
    model = load("tiny", tmp_path / "models", "cuda")
    assert (model.device, model.fell_back) == ("cpu", True)
