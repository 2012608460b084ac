"""A voice to listen for or take out, backgrounds without one, and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]

SOURCES = Path(__file__).parents[2] / "samples" / "sources"


@pytest.fixture(scope="session")
def voice() -> Callable[[int], Samples]:
    """A spoken sentence of the sample film, 3.9 s, ``(frames,)`` at any rate, peak 0.4."""

    def at(rate: int) -> Samples:
        samples, native = soundfile.read(SOURCES / "en_03.flac", dtype="float32")
        resampled: Samples = soxr.resample(samples, native, rate).astype(np.float32)
        return resampled

    return at


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes ``(frames, channels)`` as a WAV file and gives its path."""

    def to(samples: Samples, *, layout: str, rate: int = 48000, name: str = "in.wav") -> Path:
        with WavWriter(tmp_path / name, rate=rate, layout=Layout.parse(layout)) as writer:
            writer.write(samples.astype(np.float32))
        return tmp_path / name

    return to


@pytest.fixture(scope="session")
def noise() -> Callable[..., Samples]:
    """Wind: noise with most of its power in the low end, ``(frames, channels)``, ``rms`` linear."""

    def of(frames: int, channels: int = 1, *, rms: float = 0.01, seed: int = 0) -> Samples:
        white = np.random.default_rng(seed).standard_normal((frames + 64, channels))
        soft = np.apply_along_axis(lambda x: np.convolve(x, np.ones(16) / 16, "same"), 0, white)[:frames]
        return (soft * (rms / soft.std())).astype(np.float32)

    return of
