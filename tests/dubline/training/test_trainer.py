"""Training moves the weights, keeps its best, goes on where it was cut off, and refuses to mix two runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from dubline.errors import BadInput, Cancelled
from dubline.separation.network import Network
from dubline.separation.registry import add_model, load
from dubline.training import history
from dubline.training.checkpoint import read_about
from dubline.training.corpus import Corpus, Holdout
from dubline.training.losses import LossWeights
from dubline.training.material import Material, from_corpus
from dubline.training.mixtures.bank import BankRules
from dubline.training.mixtures.mixer import MixtureRules
from dubline.training.recipe import Recipe
from dubline.training.settings import TrainSettings
from dubline.training.trainer import Trainer

TINY = {"bands": 6, "features": 8, "hidden": 8, "pairs": 1, "head": 8}
RECIPE = Recipe("bandsplit", TINY)
SETTINGS = TrainSettings(
    steps=4,
    batch=2,
    workers=0,
    warm_up_steps=1,
    checkpoint_seconds=0.0,
    validation_items=2,
    validation_seconds=0.5,
    mixtures=MixtureRules(seconds=0.5),
    bank=BankRules(size=8, spare_seconds=0.2),
)
HOLDOUT = Holdout(languages=("hu",), share=0.2)


@pytest.fixture(scope="module")
def material(corpus: Corpus, corpus_folder: Path) -> Material:
    return from_corpus(corpus_folder, corpus_folder / "cache", SETTINGS, holdout=HOLDOUT)


def trainer(out: Path, material: Material, settings: TrainSettings = SETTINGS, recipe: Recipe = RECIPE) -> Trainer:
    return Trainer(out, material=material, settings=settings, recipe=recipe)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, material: Material) -> Path:
    """The folder of a run that is over; not to be changed."""
    out = tmp_path_factory.mktemp("done")
    trainer(out, material).run()
    return out


def test_training_writes_logs_weights_a_card_and_curves_and_resumes(tmp_path: Path, material: Material) -> None:
    out = tmp_path / "First try"
    first = trainer(out, material)
    before = {name: tensor.clone() for name, tensor in first.network.state_dict().items()}
    progress = first.run()
    assert progress.step == 4 and first.spent() == "steps"
    assert any(not torch.equal(before[name], tensor) for name, tensor in first.network.state_dict().items())
    assert [row["step"] for row in history.rows(out / "train.csv")] == [1, 2, 3, 4]
    assert [row["step"] for row in history.rows(out / "validation.csv")] == [4]
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not list(out.glob(".*"))

    more = replace(SETTINGS, steps=6)
    again = trainer(out, material, more)
    assert again.progress == progress
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name])
    for one, other in zip(first._parameters, again._parameters, strict=True):
        for kind, tensor in first._optimizer.state[one].items():
            assert torch.equal(tensor, again._optimizer.state[other][kind])
    assert again.run().step == 6
    assert [row["step"] for row in history.rows(out / "train.csv")] == [1, 2, 3, 4, 5, 6]


def test_a_run_that_is_over_is_left_as_it_is(done: Path, material: Material) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in done.glob("*.safetensors")}
    trainer(done, material).run()
    assert {path.name: path.stat().st_mtime_ns for path in done.glob("*.safetensors")} == before


def test_the_same_seed_and_steps_give_the_same_weights(tmp_path: Path, material: Material) -> None:
    runs = []
    for name in ("one", "other"):
        runs.append(trainer(tmp_path / name, material))
        runs[-1].run()
    for one, other in zip(runs[0].average.parameters(), runs[1].average.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_best_weights_become_a_model_with_the_card_beside_them(tmp_path: Path, material: Material) -> None:
    run = tmp_path / "First try"
    trained = trainer(run, material)
    trained.run()
    about = read_about(run / "best.safetensors")
    assert about["architecture"] == "bandsplit" and about["config"]["bands"] == 6 and about["seed"] == 1
    assert about["run"]["material"]["manifest"] and about["run"]["settings"]["mixtures"]["seconds"] == 0.5
    with safe_open(str(run / "best.safetensors"), framework="pt") as file:
        assert set(file.keys()) == set(trained.average.state_dict())

    card = add_model(run / "best.safetensors", run / "card.yaml", tmp_path / "models")
    assert card.id == "first-try" and card.sources[0]["licenses"] == ["CC0-1.0"]
    model = load("first-try", tmp_path / "models", device="cpu")
    for name, tensor in trained.average.state_dict().items():
        assert torch.equal(tensor, model.network.state_dict()[name])

    tuned = trainer(tmp_path / "tuned", material, recipe=Recipe("bandsplit", base=model))
    assert tuned.taken == tuned.tensors
    wider = trainer(tmp_path / "wider", material, recipe=Recipe("bandsplit", {"head": 16}, base=model))
    assert 0 < wider.taken < wider.tensors
    with pytest.raises(BadInput, match="shares no tensor"):
        trainer(tmp_path / "other", material, recipe=Recipe("fcn-small", base=model))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": Recipe("bandsplit", {**TINY, "features": 16})}, "another features"),
        ({"recipe": Recipe("fcn-small", {"widths": (4, 4), "dilations": (1,)})}, "another network"),
        ({"settings": replace(SETTINGS, seed=2)}, "another seed"),
        ({"settings": replace(SETTINGS, learning_rate=1e-2)}, "another learning_rate"),
        ({"settings": replace(SETTINGS, losses=LossWeights(waveform="l1snr"))}, "another losses"),
    ],
)
def test_a_folder_of_another_run_is_refused(done: Path, material: Material, change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        trainer(done, material, **change)


def test_a_folder_of_a_run_on_another_corpus_is_refused(done: Path, material: Material) -> None:
    other = replace(material, record={**material.record, "manifest": "0" * 64})
    with pytest.raises(BadInput, match="another corpus"):
        trainer(done, other)


@pytest.mark.parametrize(
    ("architecture", "config"),
    [
        ("fcn-small", {"widths": (4, 4), "dilations": (1,)}),
        ("conv-tasnet", {"filters": 8, "bottleneck": 8, "hidden": 8, "blocks": 2, "repeats": 1}),
        ("open-unmix", {"hidden": 8, "layers": 2, "n_fft": 512, "hop": 256, "targets": ["vocals", "other"]}),
        ("spleeter-unet", {"n_fft": 512, "hop": 128, "bins": 128, "filters": [4, 4], "channels": 1}),
    ],
)
def test_networks_of_any_rate_and_number_of_channels_learn(
    tmp_path: Path, material: Material, architecture: str, config: dict[str, Any]
) -> None:
    made = trainer(tmp_path, material, replace(SETTINGS, steps=2), Recipe(architecture, config))
    before: Network = trainer(tmp_path / "fresh", material, recipe=Recipe(architecture, config)).network
    made.run()
    pairs = zip(before.parameters(), made.network.parameters(), strict=True)
    assert sum(not torch.equal(one, other) for one, other in pairs) > 1
    assert all(torch.isfinite(tensor).all() for tensor in made.average.state_dict().values())


def test_patience_ends_a_run_that_does_not_improve(tmp_path: Path, material: Material) -> None:
    # With no learning rate, every validation after the first is as good as that and no better.
    still = replace(SETTINGS, steps=50, learning_rate=0.0, validate_seconds=0.0, patience=2)
    made = trainer(tmp_path, material, still)
    made.run()
    assert made.spent() == "patience"
    assert (made.progress.step, made.progress.stale) == (3, 2)
    assert trainer(tmp_path, material, still).run().step == 3


def test_a_run_asked_to_stop_saves_and_goes_on(tmp_path: Path, material: Material) -> None:
    slow = replace(SETTINGS, checkpoint_seconds=1e9)
    asked = iter((False, True))
    with pytest.raises(Cancelled):
        trainer(tmp_path, material, slow).run(cancelled=lambda: next(asked))
    again = trainer(tmp_path, material, slow)
    assert again.progress.step == 2
    assert again.run().step == 4


def test_steps_after_the_last_checkpoint_leave_no_rows(done: Path, tmp_path: Path, material: Material) -> None:
    log = shutil.copytree(done, tmp_path / "run") / "train.csv"
    history.append(log, {**history.rows(log)[-1], "step": 5.0})
    with log.open("a") as lines:
        lines.write("6.0,12")
    trainer(log.parent, material)
    assert [row["step"] for row in history.rows(log)] == [1, 2, 3, 4]


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_trainer import HOLDOUT, RECIPE, SETTINGS, from_corpus, replace, Trainer
settings = replace(SETTINGS, steps=100_000, validate_seconds=0.3)
folder = Path({folder!r})
material = from_corpus(folder, folder / "cache", settings, holdout=HOLDOUT)
Trainer(Path({out!r}), material=material, settings=settings, recipe=RECIPE).run()
"""


@pytest.mark.slow
def test_killed_at_any_instant_a_run_loses_what_follows_its_last_checkpoint_and_no_more(
    tmp_path: Path, material: Material, corpus_folder: Path
) -> None:
    out = tmp_path / "run"
    program = KILLED.format(here=str(Path(__file__).parent), folder=str(corpus_folder), out=str(out))
    reached = 0.0
    for delay in (0.0, 0.37, 0.11):
        process = subprocess.Popen([sys.executable, "-c", program], env={**os.environ, "OMP_NUM_THREADS": "1"})
        while process.poll() is None and _last_step(out) <= reached:
            time.sleep(0.01)
        time.sleep(delay)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        # A checkpoint follows every step here, so at most the step under way is lost; the file is always whole.
        logged = history.rows(out / "train.csv")[-1]["step"]
        assert logged - 1 <= read_about(out / "last.safetensors")["step"] <= logged
        reached = logged
    going_on = trainer(out, material, replace(SETTINGS, steps=int(reached) + 3))
    assert going_on.run().step == reached + 3
    steps = [row["step"] for row in history.rows(out / "train.csv")]
    assert steps == list(range(1, int(reached) + 4))
    assert read_about(out / "best.safetensors")["best"] is not None


def _last_step(out: Path) -> float:
    path = out / "last.safetensors"
    return float(read_about(path)["step"]) if path.is_file() else 0.0
