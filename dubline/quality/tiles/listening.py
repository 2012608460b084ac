"""What a reviewer hears of any layout: two channels at 48 kHz."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.resample import resample_blocks, resampled_frames
from dubline.audio.wav import Block, WavReader

RATE = 48_000

# ITU-R BS.775-4, Table 2: the center and the surrounds at -3 dB; what is above goes with what is below it. The LFE is
# left out, as there.
_MINUS_3_DB = math.sqrt(0.5)
_LEFT = {"FL": 1.0, "FC": _MINUS_3_DB, "BC": 0.5, **dict.fromkeys(("SL", "BL", "TFL", "TBL"), _MINUS_3_DB)}
_RIGHT = {"FR": 1.0, "FC": _MINUS_3_DB, "BC": 0.5, **dict.fromkeys(("SR", "BR", "TFR", "TBR"), _MINUS_3_DB)}


def fold(layout: Layout) -> Block:
    """Gains from the channels of ``layout`` to left and right, ``(channels, 2)``.

    Mono and stereo stay as loud as they are. More channels are turned down until full scale in all of them is full
    scale: every track of a title has the same gain, and none clips that would not clip by itself.
    """
    if layout.tags == ("FC",):
        return np.ones((1, 2), dtype=np.float32)
    gains = np.array([[side.get(tag, 0.0) for side in (_LEFT, _RIGHT)] for tag in layout.tags], dtype=np.float64)
    gains /= max(float(gains.sum(axis=0).max()), 1.0)
    return gains.astype(np.float32)


def heard(reader: WavReader) -> Iterator[Block]:
    """The blocks of ``reader`` as they are heard, ``(frames, 2)`` float32 at `RATE`."""
    gains = fold(reader.layout)
    folded = (block @ gains for block in reader.blocks())
    yield from resample_blocks(folded, rate_in=reader.rate, rate_out=RATE, channels=2)


def heard_frames(reader: WavReader) -> int:
    """How many frames `heard` gives."""
    return resampled_frames(reader.frames, reader.rate, RATE)
