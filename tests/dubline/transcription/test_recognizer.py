"""A checkpoint in the real file format is loaded, asked and believed; a file that is none is refused in one line."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.transcription.recognizer import Recognizer
from tests.dubline.transcription.conftest import Write

NOISE = np.random.default_rng(1).normal(0, 0.1, 5 * 16_000).astype(np.float32)


def test_what_it_hears_is_what_the_checkpoint_says(write_checkpoint: Write) -> None:
    path = write_checkpoint("fr", (0.5, "Le bateau est parti.", 2.0), (2.5, "Bonsoir!", 4.0))
    recognizer = Recognizer.load(path)
    found = recognizer.language(NOISE)
    assert max(found, key=found.__getitem__) == "fr"
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-4)
    lines = recognizer.transcribe(NOISE, language="fr")
    assert [(line.start_seconds, line.text, line.end_seconds) for line in lines] == [
        (0.5, "Le bateau est parti.", 2.0),
        (2.5, "Bonsoir!", 4.0),
    ]
    assert all(line.confidence > 0.9 and line.no_speech < 0.1 for line in lines)
    assert recognizer.transcribe(NOISE, language="fr") == lines
