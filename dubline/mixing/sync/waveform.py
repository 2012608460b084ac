"""Where does the same performance lie? Windows of both waveforms, correlated to fractions of a sample, and one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soxr

from dubline.audio.wav import WavReader
from dubline.errors import Cancelled
from dubline.mixing.sync.envelope import FRAMES_PER_SECOND
from dubline.mixing.sync.parabola import between
from dubline.mixing.sync.speeds import Line
from dubline.vocalization.groups import front
from dubline.vocalization.watch import Cancel, never

Floats = npt.NDArray[np.float64]

# A voice's own band. At this rate the correlation of a voice with itself is some 0.2 ms wide.
_RATE = 8000
# 16-bit quality: what it leaves is far below what any two recordings of a voice share.
_QUALITY = "MQ"
# Short enough that two neighboring speeds (1000 ppm) still correlate inside one window, long enough for a word.
_WINDOW_SECONDS = 1.0
_FIRST_WINDOWS, _MAX_WINDOWS = 10, 32
# What the search may be off by, and what is left after the first line is drawn.
_FIRST_REACH_SECONDS = 0.3
_NEXT_REACH_SECONDS = 0.01
_ROUNDS = 4
# Windows within this of a line lie on it: at first a window is blurred by the wrong speed.
_FIRST_TOLERANCE_SECONDS = 1e-3
_TOLERANCE_SECONDS = 0.25e-3
# Named speeds part by 1000 ppm, and the search may take one for its neighbor.
_MAX_SLOPE = 2e-3
# The same performance, one side through a separator, correlates over 0.5; other words under 0.25.
_MIN_CORRELATION = 0.35
# All windows of a place agreeing over this, no other place needs to be looked at.
_CLEAR_CORRELATION = 0.6
_MIN_SHARE = 0.5
# Sound that has to agree: less could be one word that both happen to hold.
_MIN_COVER_SECONDS = 1.5
# No finer than this at either end of the windows, however well they agree: a fraction of a sample.
_FLOOR_SECONDS = 1e-5


@dataclass(frozen=True, slots=True)
class Aligned:
    """The line the windows lie on. ``share`` of the windows agree within 0.25 ms, correlating by ``correlation``;
    standard errors of the offset in the middle of them, in seconds, and of the slope.
    """

    line: Line
    correlation: float
    share: float
    middle_seconds: float
    precision_seconds: float
    precision_slope: float


def align(
    reference: WavReader,
    dub: WavReader,
    *,
    heard: tuple[Floats, Floats],
    near: Sequence[Line],
    cancelled: Cancel = never,
) -> Aligned | None:
    """The line nearest to one of ``near`` on which both tracks hold the same waveform; None where they do not.

    ``heard`` is the activity of both, `FRAMES_PER_SECOND` values a second: windows are taken where both are at work.
    """
    best, best_score = None, 0.0
    for line in near:
        if cancelled():
            raise Cancelled("the sync check was stopped", str(dub.path), "start it again when ready")
        starts = _choose(*heard, line, most=_FIRST_WINDOWS)
        lags, correlations = _correlate(reference, dub, starts, line, reach=_FIRST_REACH_SECONDS)
        found = _fit(starts, lags, correlations, tolerance=_FIRST_TOLERANCE_SECONDS)
        if found is not None and found.score > best_score:
            best, best_score = line.bent(found.shift, found.slope), found.score
            if found.inside.all() and np.median(correlations) > _CLEAR_CORRELATION:
                break
    return None if best is None else _refine(reference, dub, heard, best)


def _refine(reference: WavReader, dub: WavReader, heard: tuple[Floats, Floats], line: Line) -> Aligned | None:
    found: _Fit | None = None
    for _ in range(_ROUNDS):
        starts = _choose(*heard, line, most=_MAX_WINDOWS)
        lags, correlations = _correlate(reference, dub, starts, line, reach=_NEXT_REACH_SECONDS)
        found = _fit(starts, lags, correlations, tolerance=_TOLERANCE_SECONDS)
        if found is None:
            return None
        line = line.bent(found.shift, found.slope)
    assert found is not None
    agreed = starts[found.inside]
    cover = float(np.minimum(np.diff(agreed, append=np.inf), _WINDOW_SECONDS).sum())
    share = float(found.inside.mean())
    correlation = float(np.median(correlations[found.inside]))
    if cover < _MIN_COVER_SECONDS or share < _MIN_SHARE or correlation < _MIN_CORRELATION:
        return None
    return Aligned(line, correlation, share, found.middle, found.precision_seconds, found.precision_slope)


@dataclass(frozen=True, slots=True)
class _Fit:
    shift: float
    slope: float
    inside: npt.NDArray[np.bool_]
    score: float
    middle: float
    precision_seconds: float
    precision_slope: float


def _choose(reference: Floats, dub: Floats, line: Line, *, most: int) -> Floats:
    """Starts in seconds of the windows, one in each part of the title: where both voices are most at work."""
    rate = FRAMES_PER_SECOND
    frames = np.arange(len(reference))
    placed = np.interp(line.offset * rate + frames / line.speed, np.arange(len(dub)), dub, left=0.0, right=0.0)
    width = round(_WINDOW_SECONDS * rate)
    sums = np.concatenate([[0.0], np.cumsum(reference * placed)])
    work = sums[width:] - sums[:-width] if len(reference) >= width else np.zeros(0)
    useful = np.flatnonzero(work > 0.25 * work.max(initial=0.0))
    if not len(useful):
        return np.zeros(0)
    # Parts of the sound that is there, not of the title: one line in a quarter of an hour has all the windows.
    count = min(most, 1 + len(useful) * 4 // width)
    parts = np.array_split(useful, count)
    found: Floats = np.array([part[work[part].argmax()] for part in parts]) / rate
    return np.unique(found)


def _correlate(
    reference: WavReader, dub: WavReader, starts: Floats, line: Line, *, reach: float
) -> tuple[Floats, Floats]:
    """For the window at each of ``starts``: by how many seconds the dub is behind ``line``, and the correlation."""
    answers = [_one(reference, dub, float(start), line, reach) for start in starts]
    found = np.array(answers).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _one(reference: WavReader, dub: WavReader, start: float, line: Line, reach: float) -> tuple[float, float]:
    first = round(start * reference.rate)
    here = soxr.resample(_read(reference, first, _WINDOW_SECONDS), reference.rate, _RATE, quality=_QUALITY)
    at = line.at(first / reference.rate)
    begin = int((at - 1.5 * reach) * dub.rate)
    # Played at the title's speed, the dub's samples come at this rate.
    there_rate = dub.rate / line.speed
    there = soxr.resample(
        _read(dub, begin, _WINDOW_SECONDS / line.speed + 3.0 * reach), there_rate, _RATE, quality=_QUALITY
    )
    # Differences weigh the consonants as much as the vowels, whose pitch would give several peaks.
    x, y = np.diff(here), np.diff(there)
    size = 1 << (len(x) + len(y)).bit_length()
    expected = (at - begin / dub.rate) * line.speed * _RATE
    turn = np.exp(2j * np.pi * np.fft.rfftfreq(size) * expected)
    products = np.fft.irfft(np.conj(np.fft.rfft(x, size)) * np.fft.rfft(y, size) * turn, size)
    lags = np.arange(-round(reach * _RATE), round(reach * _RATE) + 1)
    sums = np.concatenate([[0.0], np.cumsum(np.square(y))])
    begins = np.clip(lags + round(expected), 0, len(y))
    energy = (sums[np.minimum(begins + len(x), len(y))] - sums[begins]) * np.square(x).sum()
    scores = products[lags] / np.sqrt(np.maximum(energy, 1e-20))
    peak = int(scores.argmax())
    lag = float(lags[peak]) + between(scores, peak)
    return lag / _RATE / line.speed, float(scores[peak])


def _read(reader: WavReader, first: int, seconds: float) -> Floats:
    """What is heard of the dialogue from frame ``first`` on, silence before the file and after it."""
    frames = round(seconds * reader.rate)
    heard = np.zeros(frames)
    begin, end = max(first, 0), min(first + frames, reader.frames)
    if begin < end:
        block = next(reader.blocks(end - begin, start=begin))
        heard[begin - first : begin - first + len(block)] = front(block, reader.layout)[:, 0]
    return heard


def _fit(starts: Floats, lags: Floats, correlations: Floats, *, tolerance: float) -> _Fit | None:
    """The line through the most correlation, drawn through pairs of windows, then least squares on what lies on it."""
    if len(starts) < 2:
        return None
    weights = np.square(np.maximum(correlations, 0.0))
    one, other = np.triu_indices(len(starts), 1)
    slopes = (lags[other] - lags[one]) / (starts[other] - starts[one])
    steep = np.abs(slopes) > _MAX_SLOPE
    one, slopes = one[~steep], slopes[~steep]
    if not len(slopes):
        return None
    misses = np.abs(lags - lags[one, None] - slopes[:, None] * (starts - starts[one, None]))
    inside = misses[int(((misses <= tolerance) * weights).sum(axis=1).argmax())] <= tolerance
    return _least_squares(starts, lags, weights, inside)


def _least_squares(starts: Floats, lags: Floats, weights: Floats, inside: npt.NDArray[np.bool_]) -> _Fit:
    t, lag, weight = starts[inside], lags[inside], np.maximum(weights[inside], 1e-12)
    middle = float(np.average(t, weights=weight))
    spread = float(np.average(np.square(t - middle), weights=weight))
    shift = float(np.average(lag, weights=weight))
    slope = float(np.average((t - middle) * (lag - shift), weights=weight)) / spread if spread > 0.0 else 0.0
    misses = lag - shift - slope * (t - middle)
    error = max(float(np.sqrt(np.average(np.square(misses), weights=weight) / max(len(t) - 2, 1))), _FLOOR_SECONDS)
    return _Fit(
        shift=shift - slope * middle,
        slope=slope,
        inside=inside,
        score=float(weight.sum()),
        middle=middle,
        precision_seconds=error,
        precision_slope=error / np.sqrt(spread) if spread > 0.0 else np.inf,
    )
