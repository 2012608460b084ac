"""Is the frame rate constant? True variable rate told apart from the rounding of a container's clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

# Rates pictures are made at (SMPTE ST 2036-1, ITU-R BT.2020 and the film and web rates below them).
_NTSC = tuple(Fraction(rate * 1000, 1001) for rate in (12, 15, 24, 30, 48, 60, 120))
_WHOLE = tuple(Fraction(rate) for rate in (5, 6, 8, 10, 12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60, 90, 100, 120))
_STANDARD = (*_NTSC, *_WHOLE, Fraction(25, 2))
# Frame times may be off the grid by the clock's rounding: a tick either way, and a millisecond either way where
# the film once passed through a container with 1 ms ticks. A missing or doubled frame is off by 8 ms or more.
_JITTER_SECONDS = Fraction(1, 500)


@dataclass(frozen=True, slots=True)
class Cadence:
    """``rate`` in frames per second; ``constant`` when all frames lie on its grid, ``jitter`` when only roughly."""

    rate: Fraction
    constant: bool
    jitter: bool


def cadence(times: npt.NDArray[np.int64], tick: Fraction, declared: Iterable[Fraction | None]) -> Cadence:
    """The cadence of frames presented at ``times`` (ticks of ``tick`` seconds, rising).

    ``declared`` are the rates the container claims. A claim that is a standard rate is believed when the frames
    bear it out (a short film on a coarse clock fits two rates); then the standard rate that fits best is taken.
    """
    claims = [Fraction(rate) for rate in declared if rate]
    if len(times) < 2 or times[-1] == times[0]:
        return Cadence(claims[0] if claims else Fraction(1), constant=True, jitter=False)
    measured = Fraction(len(times) - 1) / (Fraction(int(times[-1] - times[0])) * tick)
    nearest = sorted(_STANDARD, key=lambda rate: abs(rate - measured))[:2]
    nearest.sort(key=lambda rate: _spread(times, tick, rate))
    allowed = max(2 * tick, _JITTER_SECONDS)
    for rate in (*(claim for claim in claims if claim in _STANDARD), *nearest, *claims, measured):
        spread = _spread(times, tick, rate)
        if spread <= allowed:
            return Cadence(rate, constant=True, jitter=spread > 0)
    return Cadence(measured.limit_denominator(100_000), constant=False, jitter=False)


def _spread(times: npt.NDArray[np.int64], tick: Fraction, rate: Fraction) -> Fraction:
    """How far the frames stray from an even grid at ``rate``, highest minus lowest, in seconds; exact."""
    # Everything in units where both the tick and the frame period are whole numbers.
    step = tick * rate
    frames = np.arange(len(times), dtype=object if step.numerator > 1 << 24 else np.int64)
    off = (times - times[0]) * step.numerator - frames * step.denominator
    return Fraction(int(off.max()) - int(off.min())) / (step.denominator * rate)
