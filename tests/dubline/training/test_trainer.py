"""Training moves the weights, keeps its best, and goes on where it was cut off."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from dubline.errors import BadInput
from dubline.separation.bandsplit import BandSplitConfig
from dubline.training.corpus import Corpus
from dubline.training.mixtures import MixtureRules
from dubline.training.trainer import Trainer, TrainSettings

TINY = BandSplitConfig(bands=6, features=8, hidden=8, pairs=1, head=8)
SETTINGS = TrainSettings(
    minutes=1.5 / 60,
    batch=2,
    workers=0,
    warm_up_steps=1,
    validation_items=2,
    validation_seconds=0.5,
    rules=MixtureRules(seconds=0.5),
)


def trainer(out: Path, corpus: Corpus, settings: TrainSettings = SETTINGS, config: BandSplitConfig = TINY) -> Trainer:
    return Trainer(out, train=corpus, validation=corpus, settings=settings, config=config)


def test_training_writes_logs_and_weights_and_resumes(tmp_path: Path, corpus: Corpus) -> None:
    first = trainer(tmp_path, corpus)
    before = first.network.state_dict()["split.0.shape.weight"].clone()
    progress = first.run()
    assert progress.step > 0
    assert not torch.equal(before, first.network.state_dict()["split.0.shape.weight"])
    with (tmp_path / "train.csv").open() as lines:
        assert len(list(csv.DictReader(lines))) == progress.step
    with safe_open(str(tmp_path / "best.safetensors"), framework="pt") as file:
        assert set(file.keys()) == set(first.average.state_dict())
    again = trainer(tmp_path, corpus, replace(SETTINGS, minutes=3 / 60))
    assert again.progress == progress
    for name, tensor in first.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name])
    assert again.run().step > progress.step


def test_a_folder_of_another_network_is_refused(tmp_path: Path, corpus: Corpus) -> None:
    trainer(tmp_path, corpus).run()
    with pytest.raises(BadInput, match="another network"):
        trainer(tmp_path, corpus, config=replace(TINY, features=16))
