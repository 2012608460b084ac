from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter


@pytest.fixture
def write_wav() -> Callable[..., Path]:
    """``write_wav(path, samples, rate=48000, layout="stereo", **given)`` writes in one block and gives the path."""

    def write(
        path: Path, samples: npt.NDArray[np.float32], *, rate: int = 48_000, layout: str = "stereo", **given
    ) -> Path:
        with WavWriter(path, rate=rate, layout=Layout.parse(layout), **given) as writer:
            writer.write(samples)
        return path

    return write
