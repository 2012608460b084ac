"""Bring a mix to its spec with one linear gain, or leave it alone; never anything that moves with the signal."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.criterion import DECIMALS, Criterion, criterion
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec


@dataclass(frozen=True, slots=True)
class GainPlan:
    """The gain in dB, why it is that, and whether the result lies inside the spec's tolerance and peak limits."""

    gain_db: float
    reason: str
    reachable: bool


def plan_gain(measurement: Measurement, spec: Spec, *, peak_allowance_db: float = 0.0) -> GainPlan:
    """The one linear gain that conforms a mix to ``spec``.

    In this order: 0 dB when it conforms already; the gain to the target; the gain nearest to it that keeps the
    peak limits and stays inside the tolerance; failing that the gain that keeps the peaks, not ``reachable``.
    ``peak_allowance_db`` is kept free under the true-peak limit for what an encoder adds.
    """
    if peak_allowance_db < 0:
        raise ValueError("a peak allowance is not negative")
    headroom = _headroom(measurement, spec, peak_allowance_db)
    found = criterion(measurement, spec)
    if found is None or found.value is None:
        return _peaks_only(headroom, "the spec sets no loudness" if found is None else "loudness is undefined")
    if found.on_target and headroom >= 0:
        return GainPlan(0.0, f"inside the tolerance of {spec.id} as it is", True)
    to_target = found.limit.target_lufs - found.value
    if to_target <= headroom:
        return GainPlan(to_target, f"to the target of {found.limit.target_lufs:g} LUFS", True)
    return _held_by_peaks(found, headroom)


def _headroom(measurement: Measurement, spec: Spec, allowance: float) -> float:
    """The largest gain in dB that breaks neither the true-peak limit nor the short-term limit of the spec."""
    limits = [math.inf]
    if measurement.true_peak_dbtp is not None:
        limits.append(spec.max_true_peak_dbtp - allowance - measurement.true_peak_dbtp)
    if measurement.max_short_term_lufs is not None and spec.max_short_term_lufs is not None:
        limits.append(spec.max_short_term_lufs - measurement.max_short_term_lufs)
    headroom = min(limits)
    # A mix that was conformed to the limit exactly must not be gained again for the last hundredth.
    return 0.0 if round(headroom, DECIMALS) == 0 else headroom


def _peaks_only(headroom: float, why: str) -> GainPlan:
    if headroom >= 0:
        return GainPlan(0.0, f"{why}, and the peaks are within their limit", True)
    return GainPlan(headroom, f"{why}; lowered to the peak limit", True)


def _held_by_peaks(found: Criterion, headroom: float) -> GainPlan:
    value = (found.value or 0.0) + headroom
    landed = Criterion(found.limit, value)
    if landed.on_target:
        return GainPlan(headroom, f"to {value:.2f} LUFS, inside the tolerance; the peak limits allow no more", True)
    low = found.limit.target_lufs - found.limit.tol_low
    reason = (
        f"the peak limits allow {headroom:+.2f} dB, which lands at {value:.2f} LUFS, under {low:g}: "
        "not reachable without a limiter or a new mix"
    )
    return GainPlan(headroom, reason, False)


def apply_gain(
    path_in: Path,
    path_out: Path,
    gain_db: float,
    *,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write ``path_in`` with a gain as 32-bit float, block by block; 0 dB copies the file byte for byte.

    Raises `BadInput` when the paths name one file or the input is not audio, `Cancelled` when asked.
    """
    if path_out.exists() and path_out.samefile(path_in):
        raise BadInput("input and output are the same file", str(path_in), "write the conformed copy elsewhere")
    with WavReader(path_in) as reader:
        if gain_db == 0:
            shutil.copyfile(path_in, path_out)
            return
        factor = np.float32(10 ** (gain_db / 20))
        with WavWriter(path_out, rate=reader.rate, layout=reader.layout) as writer:
            for block in reader.blocks():
                if cancelled is not None and cancelled():
                    raise Cancelled("conforming was stopped", str(path_in), "start it again when ready")
                writer.write(block * factor)
                if progress is not None:
                    progress(writer.frames, reader.frames)
