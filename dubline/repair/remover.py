"""Takes events out of an M&E block by block, says where each part of them went, and fills what they covered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from dubline.audio.wav import Block, WavReader
from dubline.repair.choose_removal import Cleaned
from dubline.repair.regions import Region, Removal, Span
from dubline.repair.scene import Scene, fades, scene_of, to_optional

# A longer region is worked in pieces: memory must not grow with an event.
PIECE_SECONDS = 10.0
# Neighboring pieces are blended over this long.
JOIN_SECONDS = 0.25

Clean = Callable[[Scene], Cleaned]
Done = Callable[[Scene, Cleaned], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """One block of the M&E taken apart, each (n, channels) float32: ``unfilled + optional + guide`` is the M&E.

    With the DX stem, ``optional + guide`` hold that too.
    """

    filled: Block
    unfilled: Block
    optional: Block
    guide: Block


@dataclass(slots=True)
class Remover:
    """Works through the M&E in rising order of time.

    ``reader`` of the M&E and ``stem`` of the dialogue are its own and are read out of order. ``clean`` cleans one
    scene, ``done`` is told of each. ``moved`` are events of the DX stem that go to OPT, in order of time.
    """

    reader: WavReader
    regions: Sequence[Region]
    clean: Clean
    done: Done
    stem: WavReader | None = None
    moved: Sequence[Removal] = ()
    _begun: int = 0
    _active: dict[Region, list[tuple[Span, Cleaned]]] = field(default_factory=dict)

    def process(self, block: Block, at: int, stem: Block | None = None) -> Parts:
        """``block`` (n, channels) of the M&E, and ``stem`` of the dialogue, begin at frame ``at``.

        Where no event is, the M&E passes bit for bit.
        """
        end = at + len(block)
        stays, fill, voice = block.copy(), np.zeros_like(block), np.zeros_like(block)
        optional = np.zeros_like(block)
        for region in self._under_way(at, end):
            first, last = max(region.start, at), min(region.end, end)
            optional[first - at : last - at, list(region.columns)] = to_optional(region, first, last, self.reader.rate)
            for (start, stop), cleaned in self._pieces(region, first, last):
                here, there = slice(max(start - at, 0), stop - at), slice(max(at - start, 0), end - start)
                cells = np.s_[here, list(region.columns)]
                rise = self._rise(region, start, slice(max(at - start, 0), min(stop, end) - start))
                stays[cells] += rise * (cleaned.stays[there] - stays[cells])
                voice[cells] += rise * (cleaned.voice[there] - voice[cells])
                # Fills of two pieces have nothing in common: their power is blended, not their sound.
                fill[cells] = fill[cells] * np.sqrt(1.0 - rise) + cleaned.fill[there] * np.sqrt(rise)
        unfilled = block - voice
        removed = block - unfilled
        reusable = removed * optional
        guide = removed - reusable
        if stem is not None:
            moved = stem * self._moving(at, end, stem.shape[1])
            reusable, guide = reusable + moved, guide + (stem - moved)
        # Negative zeros stay what they are: untouched is untouched.
        filled = np.where(stays + fill == block, block, stays + fill)
        return Parts(filled, unfilled, reusable, guide)

    def _under_way(self, at: int, end: int) -> list[Region]:
        """The regions that touch the block; what is over is forgotten, memory must not grow with their number."""
        for region in [region for region in self._active if region.end <= at]:
            del self._active[region]
        while self._begun < len(self.regions) and self.regions[self._begun].start < end:
            self._active[self.regions[self._begun]] = []
            self._begun += 1
        return [region for region in self._active if region.end > at]

    def _pieces(self, region: Region, first: int, last: int) -> list[tuple[Span, Cleaned]]:
        """The cleaned pieces of ``region`` that lie between two frames; each is cleaned when it is first asked for."""
        made = self._active[region]
        made[:] = [piece for piece in made if piece[0][1] > first]
        known = {span for span, _ in made}
        for span in cut(region.start, region.end, self.reader.rate):
            if span[0] < last and span[1] > first and span not in known:
                scene = scene_of(region, span, self.reader, self.stem)
                made.append((span, self.clean(scene)))
                self.done(scene, made[-1][1])
        return made

    def _rise(self, region: Region, start: int, part: slice) -> Block:
        """How far a piece has taken over from the one before it, 0 to 1: (n, 1) for ``part`` of its frames."""
        if start == region.start:
            return np.ones((part.stop - part.start, 1), dtype=np.float32)
        join = max(round(JOIN_SECONDS * self.reader.rate), 1)
        ramp: Block = np.clip((np.arange(part.start, part.stop) + 0.5) / join, 0.0, 1.0).astype(np.float32)[:, None]
        return ramp

    def _moving(self, at: int, end: int, channels: int) -> Block:
        near = [one for one in self.moved if one.start < end + self.reader.rate and one.end + one.tail > at]
        return fades(near, at, end, self.reader.rate, range(channels))


def cut(start: int, end: int, rate: int) -> Iterator[Span]:
    """Pieces of equal length, but for the join with which each reaches into the next."""
    count = max(-(-(end - start) // round(PIECE_SECONDS * rate)), 1)
    edges = [start + (end - start) * k // count for k in range(count + 1)]
    join = round(JOIN_SECONDS * rate)
    for first, last in pairwise(edges):
        yield first, min(last + join, end)
