"""A look-ahead true-peak limiter whose gain curve can be applied to every stem of a mix.

Gains multiply, so stems that share one curve still sum to the limited mix.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import minimum_filter1d
from scipy.signal import fftconvolve

from dubline.loudness.clip import true_peak_db
from dubline.loudness.peaks import interpolator, oversampling
from dubline.training.corpus import Samples

# Time over which the gain falls before a peak and rises after it.
RAMP_SECONDS = 0.005


def peak_envelope(samples: Samples, rate: int) -> Samples:
    """The largest magnitude at each sample and at the interpolated points up to the next one: ``(frames,)``."""
    taps = interpolator(oversampling(rate))
    reach = taps.shape[1]
    padded = np.pad(samples, (reach // 2 - 1, reach // 2))
    envelope = np.abs(samples)
    for phase in taps.astype(np.float32):
        np.maximum(envelope, np.abs(np.correlate(padded, phase, "valid")), out=envelope)
    return envelope


def gain_curve(samples: Samples, rate: int, *, ceiling_db: float) -> Samples:
    """Gain ``(frames,)`` at most 1 that keeps ``samples`` ``(frames,)`` below ``ceiling_db`` dBTP.

    The gain a peak needs is held for `RAMP_SECONDS` on both sides, then smoothed over as long: each smoothed value
    is a mean of values that all suffice for its sample. What the ramps raise between samples, some 0.01 dB, comes off
    the whole curve.
    """
    curve = np.ones(len(samples), np.float32)
    level = true_peak_db(samples, rate)
    if level is None or level <= ceiling_db:
        return curve
    ceiling = 10 ** (ceiling_db / 20)
    needed = ceiling / np.maximum(peak_envelope(samples, rate), ceiling)
    # An interpolated point belongs to the samples on both its sides.
    needed[1:] = np.minimum(needed[1:], needed[:-1].copy())
    width = 2 * round(RAMP_SECONDS * rate) + 1
    held = minimum_filter1d(needed, width, mode="nearest")
    window = np.hanning(width + 2)[1:-1]
    smooth = fftconvolve(np.pad(held, width // 2, mode="edge"), window / window.sum(), mode="valid")
    curve = np.minimum(smooth, 1.0).astype(np.float32)
    after = true_peak_db(samples * curve, rate)
    if after is not None and after > ceiling_db:
        curve *= np.float32(10 ** ((ceiling_db - after) / 20))
    return curve


def limit(samples: Samples, rate: int, *, ceiling_db: float) -> Samples:
    """``samples`` ``(frames,)`` with true peaks at most at ``ceiling_db``; untouched where they already are."""
    limited: Samples = samples * gain_curve(samples, rate, ceiling_db=ceiling_db)
    return limited


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
