"""Films for tests of the picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def film(path: Path, seconds: int) -> Path:
    """Ten frames a second, every one a key frame, brighter from second to second."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
        stream.time_base = Fraction(1, 10)
        for number in range(seconds * 10):
            shade = np.full((180, 320, 3), 20 * (number // 10), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(shade, format="rgb24")
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path
