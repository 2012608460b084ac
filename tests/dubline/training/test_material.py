"""What a run trains and validates on: apart from each other, and named so that a run goes on with the same only."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubline.errors import BadInput
from dubline.training.corpus import Holdout
from dubline.training.datasets.folder import DnrFolder
from dubline.training.datasets.mixer import DnrMixer
from dubline.training.material import from_corpus, from_dnr
from dubline.training.mixtures.mixer import MixtureRules
from dubline.training.settings import TrainSettings

RATE = 48_000
SETTINGS = TrainSettings(validation_items=3, validation_seconds=0.5, mixtures=MixtureRules(seconds=0.5))
HOLDOUT = Holdout(languages=("hu",), share=0.2)


@pytest.fixture(scope="module")
def dnr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two items of two seconds each for train and val; stem k of item i is the constant (i + 1) / 10 + k / 100."""
    root = tmp_path_factory.mktemp("dnr")
    for split in ("train", "val"):
        for item in range(2):
            folder = root / "audio" / "multi" / split / f"{item:06d}"
            folder.mkdir(parents=True)
            for k, stem in enumerate(("speech", "music", "sfx")):
                soundfile.write(folder / f"{stem}.wav", np.full(2 * RATE, (item + 1) / 10 + k / 100), RATE, "FLOAT")
    return root


@pytest.fixture
def corpus_with_licenses(corpus_folder: Path, tmp_path: Path) -> Path:
    """The corpus, its effects by somebody else under a license of theirs."""
    folder = tmp_path / "corpus"
    shutil.copytree(corpus_folder, folder, ignore=shutil.ignore_patterns("cache"))
    with (folder / "manifest.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        if row["kind"] == "effects":
            row |= {"source_repo": "theirs/effects", "license": "CC-BY-NC-4.0"}
    with (folder / "manifest.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_what_a_studio_may_not_use_is_left_out_and_named(corpus_with_licenses: Path, tmp_path: Path) -> None:
    clean = from_corpus(corpus_with_licenses, tmp_path / "cache", SETTINGS, holdout=HOLDOUT)
    assert clean.left_out == ["theirs/effects (CC-BY-NC-4.0)"]
    assert [source["name"] for source in clean.sources] == ["made/here"]
    assert clean.sources[0]["kinds"] == ["music", "speech", "vocalizations"]
    assert clean.validation.shape == (3, 3, RATE // 2)

    whole = from_corpus(corpus_with_licenses, tmp_path / "cache", SETTINGS, holdout=HOLDOUT, any_license=True)
    assert not whole.left_out and [source["name"] for source in whole.sources] == ["made/here", "theirs/effects"]
    named = from_corpus(corpus_with_licenses, tmp_path / "cache", SETTINGS, holdout=HOLDOUT, exclude=["theirs/effects"])
    assert not named.left_out
    assert len({str(material.record) for material in (clean, whole, named)}) == 3


def test_an_unknown_source_and_a_corpus_without_speakers_are_refused(corpus_folder: Path) -> None:
    cache = corpus_folder / "cache"
    with pytest.raises(BadInput, match="use made/here"):
        from_corpus(corpus_folder, cache, SETTINGS, exclude=["made/her"])
    with pytest.raises(BadInput, match="no speaker to train"):
        from_corpus(corpus_folder, cache, SETTINGS, holdout=Holdout(languages=("en", "de", "fr", "hu")))
    with pytest.raises(BadInput, match="no speaker to validate"):
        from_corpus(corpus_folder, cache, SETTINGS, holdout=Holdout(languages=(), share=0.0))


def test_excerpts_of_a_data_set_keep_items_and_levels(dnr: Path) -> None:
    mixer = DnrMixer(DnrFolder(dnr, "train"), RATE // 2, seed=1)
    seen = set()
    for number in range(12):
        dialogue, music, effects = mixer.draw(number)
        assert len(dialogue) == RATE // 2 and np.ptp(dialogue) == 0
        np.testing.assert_allclose((music[0] - dialogue[0], effects[0] - dialogue[0]), (0.01, 0.02), atol=1e-6)
        seen.add(round(float(dialogue[0]), 3))
    assert seen == {0.1, 0.2}
    again = DnrMixer(DnrFolder(dnr, "train"), RATE // 2, seed=1).draw(7)
    assert all(np.array_equal(one, other) for one, other in zip(mixer.draw(7), again, strict=True))
    longer = DnrMixer(DnrFolder(dnr, "train"), 3 * RATE, seed=1).draw(0).dialogue
    assert longer[2 * RATE - 1] > 0 and not longer[2 * RATE :].any()


def test_a_data_set_trains_on_one_split_and_validates_on_the_other(dnr: Path) -> None:
    material = from_dnr(dnr, SETTINGS)
    assert material.record["items"] == {"train": 2, "val": 2}
    assert material.validation.shape == (3, 3, RATE // 2)
    spare = replace(SETTINGS.mixtures, seconds=0.5 + SETTINGS.bank.spare_seconds)
    assert len(material.mixer.draw(0).dialogue) == spare.frames
    shutil.rmtree(dnr / "audio" / "multi" / "val")
    with pytest.raises(BadInput, match="no items in the split val"):
        from_dnr(dnr, SETTINGS)
