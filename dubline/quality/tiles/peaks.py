"""The waveform at every zoom: the lowest and the highest sample of each span, spans doubling from level to level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block

# Samples of one pair at the finest level: 5.3 ms at 48 kHz. What is nearer is drawn from the sound itself.
FINEST = 256
_FULL_SCALE = 127

Pairs = npt.NDArray[np.int8]


class PeakMeter:
    """Takes a stream whose blocks, all but the last, are whole multiples of `FINEST` frames.

    Memory: two bytes for 5.3 ms.
    """

    def __init__(self) -> None:
        self._pairs = bytearray()

    def process(self, block: Block) -> None:
        """Take the next ``block``, ``(frames, 2)`` float32: left and right lie over each other."""
        starts = np.arange(0, len(block), FINEST)
        left, right = block.T
        low = np.minimum.reduceat(np.minimum(left, right), starts)
        high = np.maximum.reduceat(np.maximum(left, right), starts)
        # Outwards: a sample that is not silence is seen.
        pairs = np.stack([np.floor(low * _FULL_SCALE), np.ceil(high * _FULL_SCALE)], axis=1)
        self._pairs += np.clip(pairs, -_FULL_SCALE, _FULL_SCALE).astype(np.int8).tobytes()

    def levels(self) -> list[Pairs]:
        """All levels, the finest first, to one of a single span: ``(spans, 2)`` int8, low and high, full scale 127."""
        levels = [np.frombuffer(bytes(self._pairs), dtype=np.int8).reshape(-1, 2)]
        while len(levels[-1]) > 1:
            levels.append(_halved(levels[-1]))
        return levels


def _halved(pairs: Pairs) -> Pairs:
    if len(pairs) % 2:
        pairs = np.concatenate([pairs, pairs[-1:]])
    both = pairs.reshape(-1, 2, 2)
    return np.stack([both[:, :, 0].min(axis=1), both[:, :, 1].max(axis=1)], axis=1)
