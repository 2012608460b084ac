"""How channels reach a network: the center alone, left and right as a pair, the LFE not at all.

A network of one channel hears the middle and the side of a pair, one of two channels hears the pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout

Block = npt.NDArray[np.float32]

# The left channels of pairs beside, behind and above the listener.
SURROUNDS = ("SL", "BL", "TFL", "TBL")


@dataclass(frozen=True, slots=True)
class Part:
    """Columns of a block that are separated together: one channel, or a left and a right."""

    columns: tuple[int, ...]
    surround: bool = False


def parts(layout: Layout) -> tuple[Part, ...]:
    """The treatment of each channel by its tag, never by its place; the LFE is in no part."""
    paired = {column for pair in layout.pairs for column in pair}
    singles = (c for c in range(layout.channels) if c not in paired and c != layout.lfe)
    pairs = (Part(pair, surround=layout.tags[pair[0]] in SURROUNDS) for pair in layout.pairs)
    return (*(Part((column,)) for column in singles), *pairs)


def encode(samples: Block, heard: int) -> Block:
    """One channel or a pair ``(frames, 1 | 2)`` as the signals ``(signals, heard, frames)`` a network hears.

    A network that hears two channels gets a single one twice.
    """
    if heard == 2:
        return np.stack([samples[:, 0], samples[:, -1]])[None]
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples.T[None])
    left, right = samples.T
    return np.stack([0.5 * (left + right), 0.5 * (left - right)])[:, None]


def decode(signals: Block, channels: int) -> Block:
    """Signals ``(signals, heard, frames)`` back to ``(frames, channels)``: the inverse of `encode`."""
    heard = signals.shape[1]
    if channels == 1:
        return np.ascontiguousarray(signals[0].mean(axis=0, dtype=np.float32)[:, None])
    if heard == 2:
        return np.ascontiguousarray(signals[0].T)
    mid, side = signals[:, 0]
    return np.stack([mid + side, mid - side], axis=1)
