"""Networks and sources the separation tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from dubline.audio.layout import Layout
from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.separation.network import Estimate, MaskNetwork, Masks, Network

Block = npt.NDArray[np.float32]


class Identity(MaskNetwork):
    """Calls everything dialogue: what comes out is what the engine did to the sound."""

    def __init__(self) -> None:
        super().__init__(rate=48_000, n_fft=2048, hop=1024)

    def masks(self, spectrum: Tensor) -> Masks:
        """All of the mix, none of it music."""
        return Masks(torch.ones_like(spectrum), torch.zeros_like(spectrum.real))


class Through(Network):
    """Calls everything dialogue without looking at it, in short windows: one channel or two, at any rate."""

    def __init__(self, channels: int, rate: int = 48_000) -> None:
        super().__init__(rate=rate, channels=channels, hop=512, segment_seconds=1.0, context_seconds=0.5)

    def forward(self, waveform: Tensor) -> Estimate:
        """All of the mix, none of it music."""
        return Estimate(waveform, torch.zeros_like(waveform))


@dataclass(frozen=True)
class MemorySource:
    """A title held in memory."""

    samples: Block
    rate: int
    layout: Layout

    @property
    def frames(self) -> int:
        """Length in frames."""
        return len(self.samples)

    def blocks(self, size: int = 1024, *, start: int = 0) -> Iterator[Block]:
        """The samples from ``start`` on in blocks."""
        for first in range(start, len(self.samples), size):
            yield self.samples[first : first + size]


@pytest.fixture(scope="session")
def identity() -> MaskNetwork:
    """The network that changes nothing."""
    return Identity().eval()


@pytest.fixture(scope="session")
def through() -> Callable[..., Network]:
    """Makes networks that pass everything on as dialogue: ``through(channels, rate)``."""
    return Through


@pytest.fixture(scope="session")
def tiny() -> MaskNetwork:
    """A band-split network with random weights, small enough to run in milliseconds."""
    torch.manual_seed(7)
    config = BandSplitConfig(bands=8, features=8, hidden=8, pairs=1, head=8)
    return BandSplit(config).eval().requires_grad_(False)


@pytest.fixture(scope="session")
def source() -> Callable[..., MemorySource]:
    """Makes a title of noise with pauses: ``source(seconds, rate=, layout=, seed=)``."""

    def make(seconds: float, *, rate: int = 48_000, layout: str = "stereo", seed: int = 1) -> MemorySource:
        rng = np.random.default_rng(seed)
        tags = Layout.parse(layout)
        samples = 0.1 * rng.standard_normal((round(seconds * rate), tags.channels))
        swell = np.sin(np.arange(len(samples)) / rate * 3.0) ** 2
        return MemorySource((samples * swell[:, None]).astype(np.float32), rate, tags)

    return make
