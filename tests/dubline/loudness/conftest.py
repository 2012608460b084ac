"""Signals of EBU Tech 3341 and 3342: 1 kHz sines whose phase runs on from one level to the next."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter

Block = npt.NDArray[np.float32]
Segments = Sequence[tuple[float, float]]


@pytest.fixture
def tone() -> Callable[..., Block]:
    """``tone([(seconds, dBFS), ...])`` -> ``(frames, 2)``; -inf is silence."""

    def make(segments: Segments, *, rate: int = 48_000, channels: int = 2, hertz: float = 1000.0) -> Block:
        lengths = [round(seconds * rate) for seconds, _ in segments]
        gains = np.repeat([10 ** (level / 20) for _, level in segments], lengths)
        wave = gains * np.sin(2 * np.pi * hertz / rate * np.arange(sum(lengths)))
        return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)

    return make


@pytest.fixture
def measure() -> Callable[..., Measurement]:
    """``measure(samples, layout="stereo", rate=48000, size=65536, speech=None)``."""

    def run(samples: Block, layout: str = "stereo", *, rate: int = 48_000, size: int = 65_536, **given) -> Measurement:
        meter = Meter(rate, Layout.parse(layout))
        for start in range(0, len(samples), size):
            meter.process(samples[start : start + size])
        return meter.measurement(**given)

    return run
