"""The shipped weights give the numbers they gave on the day they were made, on this machine or any other.

`shipped.json` holds what they gave and the hash of the weights that gave it; new weights come with new numbers, written
by ``python tests/dubline/separation/test_regression.py``.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from dubline.separation.registry import load

STORED = Path(__file__).with_name("shipped.json")
RATE = 48_000
# A prime, so that samples are read at every phase of the frames.
EVERY = 997
# Far over what float32 sums in another order differ by, far under anything audible: -66 dB of the loudest sample.
TOLERANCE = 1e-4


def scene() -> npt.NDArray[np.float32]:
    """Two seconds that need no recording: a buzzing vowel in syllables over a chord and noise, ``(n,)``."""
    time = np.arange(2 * RATE) / RATE
    pitch = np.cumsum(120 + 20 * np.sin(2 * np.pi * 2 * time)) / RATE
    vowel = sum(np.cos(2 * np.pi * k * pitch) * np.exp(-(((k * 120 - 700) / 500) ** 2)) for k in range(1, 30))
    syllables = np.clip(np.sin(2 * np.pi * 3 * time), 0, None)
    chord = sum(np.sin(2 * np.pi * f * time) for f in (220.0, 277.18, 329.63))
    noise = np.random.default_rng(2026).standard_normal(len(time))
    return (0.08 * vowel * syllables + 0.03 * chord + 0.01 * noise).astype(np.float32)


def figures() -> dict[str, object]:
    """The default model on the scene: its hash, and every so many samples of dialogue and music."""
    model = load(device="cpu")
    with torch.inference_mode():
        estimate = model.network(torch.from_numpy(scene())[None, None])
    stems = {name: stem[0, 0, ::EVERY].tolist() for name, stem in estimate._asdict().items()}
    return {"sha256": model.card.sha256, **{name: [round(v, 7) for v in values] for name, values in stems.items()}}


def test_the_shipped_weights_give_what_they_gave() -> None:
    stored, now = json.loads(STORED.read_text()), figures()
    assert stored["sha256"] == now["sha256"]
    for stem in ("dialogue", "music"):
        assert np.abs(stored[stem]).max() > 100 * TOLERANCE
        assert np.allclose(stored[stem], now[stem], rtol=0, atol=TOLERANCE)


if __name__ == "__main__":
    STORED.write_text(json.dumps(figures()) + "\n")
