"""The energy rule: what in the M&E rises and falls with the dialogue stem is dialogue that stayed behind."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from dubline.vocalization.hysteresis import SpanRules, join, runs

# Levels here are dBFS in the voice band. Quieter dialogue leaves nothing audible behind.
STEM_ACTIVE_DBFS = -55.0
# The M&E counts as silent below this, so that two kinds of silence never correlate.
FLOOR_DBFS = -70.0
# An utterance is judged in pieces: long ones hide a residue that comes and goes.
PIECE_SECONDS = 2.0
# Fewer frames correlate by chance.
SHORTEST_SECONDS = 0.6
AROUND_SECONDS = 5.0
# Measured with dialogue over music and effects that have nothing to do with it: one chance hit in an hour of dialogue.
MIN_CORRELATION = 0.85
MIN_OVER_BACKGROUND_DB = 3.0

Levels = npt.NDArray[np.float32]


def residual_spans(me: Levels, stem: Levels, *, frame_seconds: float) -> list[tuple[float, float, float]]:
    """Spans ``(start, end, score)`` in seconds where the M&E follows the stem above its own background.

    ``me`` and ``stem`` are (frames,) levels in dBFS of the voice band. The score is the correlation of the two
    in the span, 0 to 1: how surely it is dialogue, not how much of it there is.
    """
    duration = len(stem) * frame_seconds
    rules = SpanRules(STEM_ACTIVE_DBFS, STEM_ACTIVE_DBFS, SHORTEST_SECONDS, 0.3, 0.0)
    active = runs(stem, rules=rules, frame_seconds=frame_seconds, duration_seconds=duration)
    quiet = stem < STEM_ACTIVE_DBFS
    heard = np.maximum(me, FLOOR_DBFS).astype(np.float64)
    found = []
    for start, end in active:
        first, last = round(start / frame_seconds), min(round(end / frame_seconds), len(me))
        pieces = max(1, round((last - first) * frame_seconds / PIECE_SECONDS))
        edges = np.linspace(first, last, pieces + 1).astype(int).tolist()
        for at, to in itertools.pairwise(edges):
            score = _follows(heard[at:to], np.maximum(stem[at:to], FLOOR_DBFS))
            if score >= MIN_CORRELATION and _stands_out(heard, stem, quiet, at=at, to=to, per_second=1 / frame_seconds):
                found.append((at * frame_seconds, to * frame_seconds, score))
    joined = join([(start, end) for start, end, _ in found], gap=frame_seconds / 2)
    return [(start, end, max(s for a, b, s in found if a < end and b > start)) for start, end in joined]


def _follows(me: npt.NDArray[np.float64], stem: Levels) -> float:
    if len(me) < 2 or np.ptp(me) == 0.0 or np.ptp(stem) == 0.0:
        return 0.0
    return max(0.0, min(1.0, float(np.corrcoef(me, stem)[0, 1])))


def _stands_out(
    me: npt.NDArray[np.float64],
    stem: Levels,
    quiet: npt.NDArray[np.bool_],
    *,
    at: int,
    to: int,
    per_second: float,
) -> bool:
    """Whether the M&E, where the stem is loud, lies above what it is around while the stem is quiet."""
    around = round(AROUND_SECONDS * per_second)
    near = slice(max(at - around, 0), to + around)
    outside = me[near][quiet[near]]
    background = np.median(outside) if len(outside) else np.quantile(me[at:to], 0.1)
    loud = me[at:to][stem[at:to] >= np.median(stem[at:to])]
    return bool(loud.mean() - background >= MIN_OVER_BACKGROUND_DB and loud.mean() > FLOOR_DBFS)
