"""A corpus of a few seconds that the tests make themselves."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubline.training.corpus import Corpus, open_corpus

RATE = 48_000
COLUMNS = ("kind", "path", "source_repo", "source_path", "license", "language", "speaker", "label", "seconds")


def _tone(rng: np.random.Generator, seconds: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.sin(2 * np.pi * rng.uniform(100, 2_000) * time) + 0.01 * rng.standard_normal(len(time))


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight speakers in four languages, six tracks, ten effects and four vocalizations."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(5)
    rows = []
    plan = [("speech", 8, 1.5), ("music", 6, 4.0), ("effects", 10, 2.5), ("vocalizations", 4, 0.6)]
    for kind, count, seconds in plan:
        for number in range(count):
            name = f"{kind}_{'abcdefghij'[number] * 3}.wav"
            soundfile.write(folder / name, _tone(rng, seconds), RATE)
            speech = kind == "speech"
            rows.append(
                {
                    "kind": kind,
                    "path": name,
                    "source_repo": "made/here",
                    "source_path": name,
                    "license": "CC0-1.0",
                    "language": ("en", "de", "fr", "hu")[number % 4] if speech else "",
                    "speaker": f"speaker{number}" if speech else "",
                    "label": kind,
                    "seconds": seconds,
                }
            )
    with (folder / "manifest.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def corpus(corpus_folder: Path) -> Corpus:
    """The same corpus, decoded."""
    return open_corpus(corpus_folder, corpus_folder / "cache")
