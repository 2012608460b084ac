"""Where could the dub lie? Activity of two dialogues, correlated at every speed that has a cause and every offset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter1d

from dubline.mixing.sync.envelope import FRAMES_PER_SECOND
from dubline.mixing.sync.speeds import CAUSES, Line, slope_between

Floats = npt.NDArray[np.float64]

# Searched either way. A dub further off than this was laid up against another programme start.
MAX_OFFSET_SECONDS = 10.0

# Two voices speak the same line with other syllables: what they share is longer than the first and shorter than the
# second (chosen on lines of 80 speakers at the same cues: the widest gap between right and best wrong peak).
_SMOOTH_SECONDS = 0.2
_SLOW_SECONDS = 8.0
# Correlation works on every second frame: a tenth of the smoothing.
_SKIP = 2
# Speeds between the named ones, as far as a drift of this size from each.
_ODD_DRIFT = 500e-6
# Neighboring speeds part by this much at the ends of the title, a fraction of a phrase.
_STEP_SECONDS = 0.5
# Offsets this near to a peak belong to it.
_PEAK_SECONDS = 1.5
_PEAKS_PER_SPEED = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place the dub could lie in. ``score`` is the correlation of both activities, -1 to 1."""

    line: Line
    score: float


@dataclass(frozen=True, slots=True)
class Search:
    """Candidates by falling score. ``prominence``: the best one's height over the mean of all offsets at its speed,
    in their spread; ``lead``: its score over that of the best candidate elsewhere.
    """

    candidates: tuple[Candidate, ...]
    prominence: float
    lead: float


def phrases(activity: Floats) -> Floats:
    """``activity`` with syllables and scenes filtered out, so that phrases and pauses are left; mean about zero."""
    smooth = uniform_filter1d(activity, round(_SMOOTH_SECONDS * FRAMES_PER_SECOND))
    found: Floats = smooth - uniform_filter1d(smooth, round(_SLOW_SECONDS * FRAMES_PER_SECOND))
    return found


def search(reference: Floats, dub: Floats) -> Search:
    """Correlate two `phrases` curves at every speed and offset; empty where one of them is flat."""
    rate = FRAMES_PER_SECOND / _SKIP
    fewer = [curve[: len(curve) // _SKIP * _SKIP].reshape(-1, _SKIP).mean(axis=1) for curve in (reference, dub)]
    if not all(curve.any() for curve in fewer):
        return Search((), 0.0, 0.0)
    found: list[Candidate] = []
    best, prominence = -1.0, 0.0
    for speed in _speeds(len(fewer[0]) / rate):
        offsets, scores = _correlate(*fewer, speed=speed, rate=rate)
        peaks = list(_peaks(offsets, scores))
        found += [Candidate(Line(float(offsets[at]), speed), float(scores[at])) for at in peaks]
        if peaks and scores[peaks[0]] > best:
            best = float(scores[peaks[0]])
            around = scores[np.abs(offsets - offsets[peaks[0]]) > _PEAK_SECONDS]
            middle = float(np.median(around))
            # The peak's own flanks are in it too: the median deviation, times what makes it a normal one's standard.
            spread = 1.4826 * float(np.median(np.abs(around - middle)))
            prominence = (best - middle) / max(spread, 1e-9)
    found.sort(key=lambda candidate: -candidate.score)
    elsewhere = [c.score for c in found if abs(c.line.offset - found[0].line.offset) > _PEAK_SECONDS]
    return Search(tuple(found), prominence, found[0].score / max(elsewhere[0], 1e-9) if elsewhere else math.inf)


def _speeds(seconds: float) -> Iterator[float]:
    step = _STEP_SECONDS / seconds
    around = int(_ODD_DRIFT / step)
    seen: list[float] = []
    for named in CAUSES:
        for count in sorted(range(-around, around + 1), key=abs):
            speed = float(named) * (1.0 + count * step)
            if all(abs(slope_between(speed, other)) > 0.5 * step for other in seen) or count == 0:
                seen.append(speed)
                yield speed


def _correlate(reference: Floats, dub: Floats, *, speed: float, rate: float) -> tuple[Floats, Floats]:
    """Offsets in seconds of the dub's time, and the normalized correlation at each."""
    stretched = np.interp(np.arange(int(len(dub) * speed)) / speed, np.arange(len(dub)), dub)
    reach = math.ceil(MAX_OFFSET_SECONDS * speed * rate)
    size = 1 << (max(len(reference), len(stretched)) + reach).bit_length()
    spectrum = np.conj(np.fft.rfft(reference, size)) * np.fft.rfft(stretched, size)
    lags = np.arange(-reach, reach + 1)
    products = np.fft.irfft(spectrum, size)[lags]
    energy = np.sqrt(_overlap(reference, -lags, len(stretched)) * _overlap(stretched, lags, len(reference)))
    # Where little of both overlaps, anything correlates: count at least half of what there is.
    whole = math.sqrt(float(np.square(reference).sum() * np.square(stretched).sum()))
    return lags / rate / speed, products / np.maximum(energy, max(0.5 * whole, 1e-12))


def _overlap(curve: Floats, lags: npt.NDArray[np.int64], other: int) -> Floats:
    """Energy of ``curve`` from frame ``lag`` to ``lag + other``, for every lag."""
    sums = np.concatenate([[0.0], np.cumsum(np.square(curve))])
    first, last = np.clip(lags, 0, len(curve)), np.clip(lags + other, 0, len(curve))
    found: Floats = sums[last] - sums[first]
    return found


def _peaks(offsets: Floats, scores: Floats) -> Iterator[int]:
    left = scores.copy()
    for _ in range(_PEAKS_PER_SPEED):
        at = int(left.argmax())
        if left[at] <= 0.0:
            return
        yield at
        left[np.abs(offsets - offsets[at]) <= _PEAK_SECONDS] = 0.0
