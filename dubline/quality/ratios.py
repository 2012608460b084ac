"""How well a source was separated, as a ratio of energies in dB. The definitions differ and cannot be compared.

Signals are ``(frames,)`` or ``(frames, channels)``; the channels of an item count as one signal, so that the balance
between them counts too. Sums are in float64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.floating[Any]]
Floats = npt.NDArray[np.float64]

# What torchmetrics adds to both energies of a float32 signal, so that 0 / 0 is 0 dB.
EPSILON = float(np.finfo(np.float32).eps)
# What an infinite ratio counts as, in dB (Bandit v2).
MOST_DB = 100.0


@dataclass(frozen=True, slots=True)
class Distribution:
    """Figures of a set in dB: ``count`` of the items that have one, median, percentiles, mean and deviation."""

    count: int
    median: float
    p10: float
    p90: float
    mean: float
    std: float


def snr(estimate: Signal, target: Signal) -> float:
    """Signal-to-noise ratio: the target's energy over that of the difference, neither centered nor scaled.

    As Bandit v2 counts it: torchmetrics `signal_noise_ratio` with ``zero_mean=False``. What the Cinematic Demixing
    Challenge calls SDR is the same figure.
    """
    wanted, given = _doubles(target), _doubles(estimate)
    return _decibels(_energy(wanted) + EPSILON, _energy(wanted - given) + EPSILON)


def si_snr(estimate: Signal, target: Signal) -> float:
    """Scale-invariant signal-to-noise ratio as Bandit v2 counts it: torchmetrics' SI-SDR of the centered signals."""
    wanted, given = _centered(target), _centered(estimate)
    scale = (_product(given, wanted) + EPSILON) / (_energy(wanted) + EPSILON)
    return _decibels(_energy(scale * wanted) + EPSILON, _energy(scale * wanted - given) + EPSILON)


def si_sdr(estimate: Signal, target: Signal) -> float:
    """Scale-invariant signal-to-distortion ratio as Strauss et al. (2021) count it; NaN where the target is silent.

    Le Roux et al., "SDR - half-baked or well done?" (2019), equation 4: no centering, no guard. An estimate that holds
    nothing of the target has minus infinity.
    """
    wanted, given = _doubles(target), _doubles(estimate)
    part = _projection(given, wanted)
    return _scale_invariant(wanted, part, given - part)


def si_sir(estimate: Signal, target: Signal, interference: Signal) -> float:
    """Scale-invariant signal-to-interference ratio as Strauss et al. (2021) count it; NaN where the target is silent.

    Le Roux et al. (2019), section 3: the interference is what the two sources span of the error, and the error stands
    at right angles to the target; so it is the error's projection on what the other source does not share with it.
    """
    wanted, given, other = _doubles(target), _doubles(estimate), _doubles(interference)
    part = _projection(given, wanted)
    foreign = other - _projection(other, wanted)
    return _scale_invariant(wanted, part, _projection(given - part, foreign))


def bounded(decibels: float) -> float:
    """``decibels`` with an infinite ratio as `MOST_DB`; NaN stays NaN."""
    return float(np.nan_to_num(decibels, nan=np.nan, posinf=MOST_DB, neginf=-MOST_DB))


def distribution(values: Iterable[float]) -> Distribution | None:
    """Statistics of what is a number among ``values``, infinite ratios `bounded`; None where nothing is.

    The median over items is what Bandit v2 reports, mean and deviation (of the population) what Strauss et al. report.
    """
    known = np.asarray([bounded(value) for value in values if not np.isnan(value)])
    if not len(known):
        return None
    low, median, high = np.percentile(known, (10, 50, 90))
    return Distribution(len(known), float(median), float(low), float(high), float(known.mean()), float(known.std()))


def _doubles(signal: Signal) -> Floats:
    return signal.astype(np.float64, copy=False)


def _centered(signal: Signal) -> Floats:
    centered: Floats = _doubles(signal) - _doubles(signal).mean(axis=0)
    return centered


def _energy(signal: Floats) -> float:
    return _product(signal, signal)


def _product(one: Floats, other: Floats) -> float:
    return float(np.vdot(one, other))


def _projection(signal: Floats, on: Floats) -> Floats:
    """The multiple of ``on`` nearest to ``signal``; zero where ``on`` is silent."""
    energy = _energy(on)
    return on * (_product(signal, on) / energy) if energy > 0.0 else np.zeros_like(on)


def _scale_invariant(target: Floats, part: Floats, error: Floats) -> float:
    """Energy of the ``part`` that is the target's over that of the ``error``."""
    if not target.any():
        return float("nan")
    return _decibels(_energy(part), _energy(error)) if part.any() else float("-inf")


def _decibels(signal: float, noise: float) -> float:
    with np.errstate(divide="ignore"):
        return float(10.0 * np.log10(np.float64(signal) / np.float64(noise)))
