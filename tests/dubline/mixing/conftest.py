"""Files to mix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter

Samples = npt.NDArray[np.float32]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files tests may write over."""
    return tmp_path_factory.mktemp("mixing")


@pytest.fixture(scope="session")
def write(folder: Path) -> Callable[..., Path]:
    """Writes ``(frames, channels)`` as a WAV file and gives its path."""

    def to(samples: Samples, *, layout: str, rate: int = 48000, name: str = "in.wav") -> Path:
        with WavWriter(folder / name, rate=rate, layout=Layout.parse(layout)) as writer:
            writer.write(samples.astype(np.float32))
        return folder / name

    return to


@pytest.fixture(scope="session")
def read() -> Callable[[Path], Samples]:
    """A whole WAV file, ``(frames, channels)``."""

    def of(path: Path) -> Samples:
        with WavReader(path) as reader:
            return reader.read()

    return of


@pytest.fixture(scope="session")
def noise() -> Callable[..., Samples]:
    """White noise, ``(frames, channels)``, ``rms`` linear."""

    def of(frames: int, channels: int = 1, *, rms: float = 0.05, seed: int = 0) -> Samples:
        return (np.random.default_rng(seed).standard_normal((frames, channels)) * rms).astype(np.float32)

    return of
