"""Takes events out of an M&E block by block, says where each part of them went, and fills what they covered."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dubline.audio.wav import BLOCK_FRAMES, Block, WavReader
from dubline.repair.regions import Region, attack_frames, tail_frames
from dubline.repair.roomtone import RoomTone, take_tone
from dubline.repair.spectra import Grid, Read
from dubline.repair.suppress import attenuate, suppress

# A stem further than 12 dB under the M&E holds leakage, not the voice that is to go.
_GUIDING = 10.0 ** (-12.0 / 10.0)


@dataclass(frozen=True, slots=True)
class Parts:
    """One block of the M&E taken apart, each (n, channels) float32: ``unfilled + optional + guide`` is the M&E."""

    filled: Block
    unfilled: Block
    optional: Block
    guide: Block


@dataclass(slots=True)
class Worked:
    """What was done in one region: with room tone, with the stem, and its energy before and after, before filling."""

    filled: bool
    guided: bool
    before: float = 0.0
    after: float = 0.0


@dataclass(slots=True)
class Remover:
    """Works through the M&E in rising order of time.

    ``reader`` of the M&E and ``stem`` of the dialogue are its own and are read out of order.
    """

    reader: WavReader
    regions: Sequence[Region]
    stem: WavReader | None = None
    worked: dict[Region, Worked] = field(default_factory=dict)
    _tones: dict[Region, RoomTone | None] = field(default_factory=dict)
    _next: int = 0
    _active: list[Region] = field(default_factory=list)

    def process(self, block: Block, at: int) -> Parts:
        """``block`` (n, channels) begins at frame ``at``. Where no event is, the M&E passes bit for bit."""
        unfilled, fill = block.copy(), np.zeros_like(block)
        share = np.ones_like(block)
        self._advance(at, at + len(block))
        for region in self._active:
            start, end = max(region.start, at), min(region.end, at + len(block))
            if start < end:
                here = np.s_[start - at : end - at, list(region.columns)]
                unfilled[here], fill[here], share[here] = self._work(region, block[here], start, end)
        removed = block - unfilled
        guide = removed * share
        filled = np.where(fill != 0.0, unfilled + fill, unfilled)
        return Parts(filled, unfilled, removed - guide, guide)

    def _advance(self, start: int, end: int) -> None:
        """Keep the room tone of the regions under way only: memory must not grow with the number of events."""
        self._active = [region for region in self._active if region.end > start]
        self._tones = {region: self._tones[region] for region in self._active}
        while self._next < len(self.regions) and self.regions[self._next].start < end:
            region = self.regions[self._next]
            self._next += 1
            self._active.append(region)
            tone = self._tones[region] = self._tone(region)
            filled = tone is not None and not tone.silent
            self.worked[region] = Worked(filled, self._guided(region))

    def _work(self, region: Region, me: Block, start: int, end: int) -> tuple[Block, Block, Block]:
        """Of ``me`` (n, region's columns): unfilled, fill, and the share of what was removed that is language."""
        language, reuse = (_weights(region, start, end, self.reader.rate, optional=kind) for kind in (False, True))
        weight = np.maximum(language, reuse)
        tone = self._tones[region]
        if tone is None:
            suppressed, fill = attenuate(me), np.zeros_like(me)
        else:
            stem = _reading(self.stem, region) if self.stem is not None and self.worked[region].guided else None
            suppressed, fill = suppress(
                _reading(self.reader, region), tone, Grid(self.reader.rate), start=start, end=end, stem=stem
            )
        unfilled = np.where(weight > 0.0, me - weight * (me - suppressed), me)
        # Power of the background and of the uncorrelated fill stays one through the fade.
        fill = fill * np.sqrt(1.0 - np.square(1.0 - weight))
        share = np.where(language >= reuse, np.float32(1.0), language / np.maximum(reuse, np.float32(1e-9)))
        worked = self.worked[region]
        worked.before += float(np.square(me, dtype=np.float64).sum())
        worked.after += float(np.square(unfilled, dtype=np.float64).sum())
        return unfilled, fill, share

    def _tone(self, region: Region) -> RoomTone | None:
        if region.tone is None:
            return None
        read = _reading(self.reader, region)
        beside = np.concatenate([read(start, end) for start, end in region.beside])
        return take_tone(read, region.tone, beside=beside, rate=self.reader.rate, grid=Grid(self.reader.rate))

    def _guided(self, region: Region) -> bool:
        """Whether the stem sounds where the event is; a voice it does not have cannot be found with it."""
        if self.stem is None:
            return False
        me, stem = (_energy(_reading(reader, region), region) for reader in (self.reader, self.stem))
        return stem > 0.0 and stem >= me * _GUIDING


def _reading(reader: WavReader, region: Region) -> Read:
    """Reads the region's columns, zeros outside the file."""

    def read(start: int, end: int) -> Block:
        out = np.zeros((end - start, len(region.columns)), dtype=np.float32)
        first, last = max(start, 0), min(end, reader.frames)
        if first < last:
            out[first - start : last - start] = next(reader.blocks(last - first, start=first))[:, region.columns]
        return out

    return read


def _energy(read: Read, region: Region) -> float:
    edges = [*range(region.start, region.end, BLOCK_FRAMES), region.end]
    return sum(float(np.square(read(a, b), dtype=np.float64).sum()) for a, b in itertools.pairwise(edges))


def _weights(region: Region, start: int, end: int, rate: int, *, optional: bool) -> Block:
    """How far removal has faded in, 0 to 1, (n, region's columns): raised cosines around every event."""
    attack, tail = attack_frames(rate), tail_frames(rate)
    at = np.arange(start, end)
    weights = np.zeros((end - start, len(region.columns)), dtype=np.float32)
    for removal in region.removals:
        if removal.optional != optional:
            continue
        rise = np.clip((at - (removal.start - attack)) / attack, 0.0, 1.0)
        fall = np.clip((removal.end + tail - at) / tail, 0.0, 1.0)
        weight = np.square(np.sin(np.pi / 2 * np.minimum(rise, fall))).astype(np.float32)
        for column in removal.columns:
            which = region.columns.index(column)
            weights[:, which] = np.maximum(weights[:, which], weight)
    return weights
