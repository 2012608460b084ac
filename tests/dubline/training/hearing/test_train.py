"""Teaching the event classifier: it learns, and goes on where it was cut off."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dubline.training.corpus import Corpus
from dubline.training.hearing.export import halve
from dubline.training.hearing.made import with_made
from dubline.training.hearing.material import material_of
from dubline.training.hearing.scenes import SceneRules
from dubline.training.hearing.stream import Batch, SceneStream
from dubline.training.hearing.train import loss_of, save_weights, train
from dubline.vocalization.classifier import network_of
from dubline.vocalization.network import EventNet, EventNetConfig
from dubline.vocalization.silero import FRAME

SMALL = EventNetConfig(widths=(8, 16, 16), hidden=32, dilations=(1, 2))


@pytest.fixture(scope="module")
def batch(corpus: Corpus) -> Batch:
    material = with_made(material_of(corpus), corpus, seed=1, each=4)
    return next(iter(SceneStream(material, [], size=2, seed=1, rules=SceneRules(without_voice=0.0))))


def test_a_batch_is_drawn_the_same_wherever_a_run_goes_on(corpus: Corpus, batch: Batch) -> None:
    material = with_made(material_of(corpus), corpus, seed=1, each=4)
    rules = SceneRules(without_voice=0.0)
    stream = iter(SceneStream(material, [], size=2, seed=1, rules=rules))
    again, second = next(stream), next(stream)
    resumed = next(iter(SceneStream(material, [], size=2, seed=1, first=1, rules=rules)))
    for one, other in zip((*batch, *second), (*again, *resumed), strict=True):
        torch.testing.assert_close(one, other)


def test_steps_lower_the_loss_on_what_is_learned(batch: Batch) -> None:
    torch.manual_seed(0)
    network = EventNet(SMALL)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = loss_of(network, batch)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


def test_frames_nobody_can_judge_teach_nothing(batch: Batch) -> None:
    torch.manual_seed(0)
    network = EventNet(SMALL).eval()
    weight = batch.weight.clone()
    weight[0] = 0.0
    turned = batch.target.clone()
    turned[0] = 1.0 - turned[0]
    one = loss_of(network, batch._replace(weight=weight))
    other = loss_of(network, batch._replace(weight=weight, target=turned))
    assert one.item() == other.item()


def test_halved_weights_decide_alike(tmp_path: Path, batch: Batch) -> None:
    torch.manual_seed(0)
    network = EventNet(SMALL).eval()
    save_weights(tmp_path / "average.safetensors", network.state_dict(), network.about())
    about = halve(tmp_path / "average.safetensors", tmp_path / "half.safetensors")
    shipped = network_of(about["config"], tmp_path / "half.safetensors")
    with torch.inference_mode():
        scores = [torch.sigmoid(each(batch.me, batch.stem, batch.known)).numpy() for each in (network, shipped)]
    assert batch.me.shape[1] // FRAME == scores[0].shape[1]
    np.testing.assert_allclose(scores[0], scores[1], atol=5e-3)


@pytest.mark.slow
def test_a_run_goes_on_where_it_ended(corpus: Corpus, tmp_path: Path) -> None:
    def run(minutes: float) -> float:
        train(corpus, corpus, tmp_path, minutes=minutes, seed=1, separated=2, each=4)
        with (tmp_path / "log.csv").open() as file:
            return max(float(row["step"]) for row in csv.DictReader(file))

    first = run(0.05)
    before = load_file(tmp_path / "average.safetensors")
    second = run(0.12)
    assert 0 < first < second
    after = load_file(tmp_path / "average.safetensors")
    assert any(not torch.equal(before[name], after[name]) for name in before)
