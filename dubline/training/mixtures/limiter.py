"""Limiting as it is met in mixes: the true-peak limiter of deliverables, and a gentle one heard as a mix's dynamics.

The gentle one is no limiter of peaks: it follows levels by the millisecond and lets peaks pass, which is why it shares
nothing with the other. Its gains multiply, so stems that share one curve still sum to the limited mix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import minimum_filter1d

from dubline.audio.layout import Layout
from dubline.audio.limiter import Limiter
from dubline.training.corpus import Samples

_MONO = Layout.parse("mono")
# Time over which the gentle limiter's gain falls before a peak.
RAMP_SECONDS = 0.005


def limit(samples: Samples, rate: int, *, ceiling_db: float) -> Samples:
    """``samples`` ``(frames,)`` with true peaks at most at ``ceiling_db``; untouched where they already are."""
    limiter = Limiter(rate, _MONO, ceiling_db)
    return np.concatenate([limiter.process(samples[:, None]), limiter.flush()])[:, 0]


def soft_gain_curve(mix: Samples, rate: int, *, threshold_db: float, ratio: float, release_seconds: float) -> Samples:
    """The gain ``(frames,)`` of a gentle limiter on a mix: above ``threshold_db`` the level rises by 1/``ratio`` only.

    ``mix`` is ``(frames,)`` or ``(frames, channels)``, the loudest channel counting. The gain falls within
    `RAMP_SECONDS` ahead of a peak and recovers with time constant ``release_seconds``, in steps of a millisecond.
    """
    step = max(rate // 1000, 1)
    magnitude = np.abs(mix) if mix.ndim == 1 else np.abs(mix).max(axis=1)
    blocks = np.maximum.reduceat(magnitude, np.arange(0, len(mix), step)) if len(mix) else magnitude
    over_db = np.maximum(20 * np.log10(np.maximum(blocks, 1e-9)) - threshold_db, 0.0)
    ahead = round(RAMP_SECONDS * rate / step)
    wanted = -minimum_filter1d(-over_db * (1 - 1 / ratio), 2 * ahead + 1, mode="nearest")
    reduction = _released(wanted, np.exp(-step / (release_seconds * rate)))
    centers = np.arange(len(blocks)) * step + step / 2
    smooth = np.interp(np.arange(len(mix)), centers, reduction)
    return np.power(10.0, -smooth / 20).astype(np.float32)


def _released(wanted: npt.NDArray[np.float64], decay: float) -> npt.NDArray[np.float64]:
    """The least curve that is nowhere below ``wanted`` and falls no faster than by ``decay`` per step."""
    held = np.empty_like(wanted)
    level = 0.0
    for at, value in enumerate(wanted):
        level = max(float(value), level * decay)
        held[at] = level
    return held


def apply_curve(curve: Samples, *stems: Samples) -> tuple[Samples, ...]:
    """Every stem, ``(frames,)`` or ``(frames, channels)``, with the gain of ``curve`` ``(frames,)``."""
    return tuple(stem * (curve if stem.ndim == 1 else curve[:, None]) for stem in stems)
