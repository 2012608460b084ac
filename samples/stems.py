"""Stems in 5.1 as numpy arrays, and their fold to stereo."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from samples.dsp import Signal

Stem = npt.NDArray[np.float64]

SURROUND = Layout.parse("5.1")
STEREO = Layout.parse("stereo")

# Centre and surrounds go into the front pair 3 dB down, the LFE not at all (ITU-R BS.775-3, annex 4).
_FOLD = 0.5**0.5
_STEP_24 = 2.0**-23


def silence(frames: int) -> Stem:
    """An empty 5.1 stem, ``(frames, 6)``; each channel lies in one piece, since sounds are placed by channel."""
    return np.zeros((SURROUND.channels, frames)).T


def place(stem: Stem, samples: Signal, **gains: float) -> None:
    """Add mono ``samples`` to channels by tag: ``place(stem, steps, FL=0.5, FR=0.5)``."""
    for tag, factor in gains.items():
        stem[: len(samples), SURROUND.index(tag)] += factor * samples


def fold(stem: Stem) -> Stem:
    """5.1 to stereo, ``(frames, 2)``."""
    left, right, center, _, back_left, back_right = stem.T
    folded: Stem = np.stack([left + _FOLD * (center + back_left), right + _FOLD * (center + back_right)])
    return folded.T


def quantize(stem: Stem) -> npt.NDArray[np.float32]:
    """Round to the 24-bit grid, so that stems written as 24-bit PCM sum to their mix exactly."""
    codes = stem / _STEP_24
    np.rint(codes, out=codes)
    codes *= _STEP_24
    return codes.astype(np.float32)
