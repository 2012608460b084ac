"""Loudness and true peak of a mono sound held in memory, also of one shorter than a gating block."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from dubline.loudness import windows
from dubline.loudness.kweighting import sections
from dubline.loudness.peaks import PeakMeter

# BS.1770 gates blocks of 400 ms; below two of them one block is measured, as long as the sound less one sample.
_SHORT_SECONDS = 0.8
_ABSOLUTE_GATE_LUFS = -70.0


def integrated_loudness(samples: npt.NDArray[np.float32], rate: int) -> float | None:
    """Integrated loudness in LUFS of ``(frames,)`` at ``rate`` Hz (BS.1770-4); None where nothing passes the gate.

    A sound shorter than 800 ms is one ungated block of all its samples but the last (the rule of the Divide and
    Remaster v3 generator): BS.1770 itself says nothing of sounds shorter than a block.
    """
    if not len(samples):
        return None
    weighted = np.square(sosfilt(sections(rate), samples.astype(np.float64)))
    if len(samples) < _SHORT_SECONDS * rate:
        loudness = windows.lufs(float(weighted[:-1].mean())) if len(samples) > 1 else None
        return loudness if loudness is not None and loudness >= _ABSOLUTE_GATE_LUFS else None
    blocks = len(samples) * windows.BLOCKS_PER_SECOND // rate
    edges = windows.block_edges(0, blocks, rate)
    sums = np.add.reduceat(weighted[: edges[-1]], edges[:-1])
    gating_blocks, _ = windows.Energies(sums, rate).hops(windows.MOMENTARY_BLOCKS)
    return windows.integrated(gating_blocks)


def true_peak_db(samples: npt.NDArray[np.float32], rate: int) -> float | None:
    """True peak in dBTP of ``(frames,)`` at ``rate`` Hz (BS.1770-4, Annex 2); None for silence."""
    meter = PeakMeter(rate, 1)
    for start in range(0, len(samples), rate):
        meter.process(samples[None, start : start + rate])
    meter.finish()
    return 20 * math.log10(meter.true_peak) if meter.true_peak > 0 else None
