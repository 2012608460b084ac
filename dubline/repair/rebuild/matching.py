"""Music that repeats itself: the stretch of the same cue whose surroundings are most like the gap's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import correlate

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import Floats, Frames
from dubline.repair.rebuild.gap import LONGEST_CONTEXT_SECONDS, Gap

# How much on either side of the gap has to be alike.
MARGIN_SECONDS = 0.2
# The stretch takes the level beside the gap, within this.
MOST_GAIN_DB = 6.0
_POWER_FLOOR = 1e-10


@dataclass(frozen=True, slots=True)
class Match:
    """``samples`` (length, channels) of the cue; ``distance`` of their surroundings from the gap's.

    The distance is in dB, root mean square over frames and bins of both margins.
    """

    samples: Block
    distance: float


def best_match(gap: Gap) -> Match | None:
    """The stretch whose margins are nearest to the gap's; None where the context has no stretch so long."""
    frames = Frames.at_rate(gap.rate)
    longest = round(LONGEST_CONTEXT_SECONDS * gap.rate)
    margin = round(MARGIN_SECONDS * gap.rate)
    before, after = gap.before[max(len(gap.before) - longest, 0) :], gap.after[:longest]
    wanted = [
        (_decibels(part, frames), offset)
        for part, offset in ((before[max(len(before) - margin, 0) :], -margin), (after[:margin], gap.length))
        if len(part) == margin
    ]
    found = [
        (*_nearest(side, wanted, gap.length, margin, frames), side)
        for side in (before, after)
        if wanted and len(side) >= gap.length + 2 * margin
    ]
    if not found:
        return None
    distance, start, side = min(found, key=lambda one: one[0])
    start += _shift(side, start, before, after, gap.length, margin, frames.hop)
    return Match(_leveled(side, start, before, after, gap.length, margin), distance)


def _nearest(
    side: Block, wanted: list[tuple[Floats, int]], length: int, margin: int, frames: Frames
) -> tuple[float, int]:
    """Distance and start of the best stretch in ``side``, on the grid of the frames."""
    heard = _decibels(side, frames)
    starts = np.arange(margin, len(side) - length - margin + 1, frames.hop)
    total = np.zeros(len(starts))
    for margin_frames, offset in wanted:
        squares = (
            np.square(heard).sum(axis=1)[:, None] + np.square(margin_frames).sum(axis=1) - 2.0 * heard @ margin_frames.T
        ) / heard.shape[1]
        first = np.minimum((starts + offset) // frames.hop, len(heard) - len(margin_frames))
        count = np.arange(len(margin_frames))
        total += squares[first[:, None] + count, count].mean(axis=1)
    best = int(np.argmin(total))
    return float(np.sqrt(max(total[best], 0.0) / len(wanted))), int(starts[best])


def _shift(side: Block, start: int, before: Block, after: Block, length: int, margin: int, reach: int) -> int:
    """By how many samples, ``reach`` at most, the stretch's margins fit the waveform beside the gap best."""
    scores = np.zeros(2 * reach + 1)
    for part, offset in ((before[max(len(before) - margin, 0) :], -margin), (after[:margin], length)):
        first = start + offset - reach
        low, high = max(first, 0), min(first + margin + 2 * reach, len(side))
        if len(part) == margin:
            around = np.zeros((margin + 2 * reach, side.shape[1]))
            around[low - first : high - first] = side[low:high]
            scores += sum(
                correlate(one, other, "valid") for one, other in zip(around.T, part.T.astype(np.float64), strict=True)
            )
    lowest, highest = -start, len(side) - length - start
    allowed = (np.arange(-reach, reach + 1) >= lowest) & (np.arange(-reach, reach + 1) <= highest)
    return int(np.argmax(np.where(allowed, scores, -np.inf))) - reach


def _leveled(side: Block, start: int, before: Block, after: Block, length: int, margin: int) -> Block:
    """The stretch with a gain that moves from what its beginning needs to what its end needs."""
    pairs = (
        (before[max(len(before) - margin, 0) :], side[max(start - margin, 0) : start]),
        (after[:margin], side[start + length : start + length + margin]),
    )
    first, last = (_gain(want, have) for want, have in pairs)
    leveled: Block = (side[start : start + length] * np.linspace(first, last, length)[:, None]).astype(np.float32)
    return leveled


def _gain(want: Block, have: Block) -> float:
    """What brings ``have`` to the level of ``want``."""
    if not (want.any() and have.any()):
        return 1.0
    limit = 10.0 ** (MOST_GAIN_DB / 20.0)
    return float(np.clip(np.sqrt(np.square(want).mean() / np.square(have).mean()), 1.0 / limit, limit))


def _decibels(samples: Block, frames: Frames) -> Floats:
    """Spectrum of all channels together per frame: (frames, bins)."""
    power = np.square(np.abs(frames.analyze(samples)), dtype=np.float64).mean(axis=1) / (frames.window / 2)
    decibels: Floats = 10.0 * np.log10(power + _POWER_FLOOR)
    return decibels
