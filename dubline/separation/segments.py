"""Where a title is cut for separation: on its own time grid, so that no reader, worker or block size moves a sample.

A recurrent network hears everything in its window, so its output depends on where the window lies. The windows are
therefore part of the definition of the result: fixed in absolute time, aligned with the network's frames and with whole
samples at both rates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

# Neighbors are blended over this long after each join, inside the earlier one's context.
FADE_SECONDS = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of a title in frames: the window heard, and inside it the core that is kept."""

    window: range
    core: range


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The cuts of one title: all lengths in frames at the title's rate."""

    frames: int
    segment: int
    context: int
    fade: int

    @property
    def count(self) -> int:
        """Number of segments; none for an empty title."""
        return -(-self.frames // self.segment)

    def __getitem__(self, index: int) -> Segment:
        """Segment ``index``, its window clipped to the title."""
        start = index * self.segment
        stop = min(start + self.segment, self.frames)
        window = range(max(start - self.context, 0), min(stop + self.context, self.frames))
        return Segment(window, range(start, stop))

    def starting_in(self, frames: range) -> range:
        """The segments whose core starts in ``frames``: stretches that meet share out all segments, none twice."""
        first, stop = (min(-(-edge // self.segment), self.count) for edge in (frames.start, frames.stop))
        return range(first, stop)


def segmentation(
    frames: int,
    *,
    rate: int,
    network_rate: int,
    hop: int,
    segment_seconds: float,
    context_seconds: float,
) -> Segmentation:
    """Cuts for a title of ``frames`` at ``rate`` Hz and a network that steps ``hop`` samples at ``network_rate`` Hz.

    Each segment keeps ``segment_seconds`` and hears ``context_seconds`` more on both sides, both rounded up to the
    smallest time that is whole in samples at both rates and in hops.
    """
    hop_seconds = Fraction(hop, network_rate)
    # Least common multiple of two fractions in lowest terms: of hop / network_rate and 1 / rate.
    unit = Fraction(hop_seconds.numerator, math.gcd(hop_seconds.denominator, rate))
    segment = math.ceil(_exact(segment_seconds) / unit) * unit * rate
    context = math.ceil(_exact(context_seconds) / unit) * unit * rate
    return Segmentation(frames, int(segment), int(context), int(min(FADE_SECONDS * rate, context)))


def _exact(seconds: float) -> Fraction:
    """The decimal that ``seconds`` stands for: a float just above it would be rounded up by a whole unit."""
    return Fraction(seconds).limit_denominator(1_000_000)
