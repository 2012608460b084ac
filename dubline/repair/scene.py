"""A piece of M&E with a voice in it, and all that is known of the background around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader
from dubline.repair.rebuild.seams import crossfade
from dubline.repair.regions import Region, Removal, Span, attack_frames, tail_frames

# What a separator and a detector hear before and after the piece; both gain little beyond two seconds.
AROUND_SECONDS = 2.0
# Where two passages from different places meet.
_SPLICE_SECONDS = 0.05

Read = Callable[[int, int], Block]


@dataclass(frozen=True, slots=True)
class Scene:
    """The frames from ``start`` to ``end`` of an M&E, in some of its channels, with what lies around them.

    ``heard`` (n, channels) is the M&E from ``lead`` frames before the piece on, past its end; ``stem`` the DX stem of
    the same time, None where it is not known or says nothing. ``before`` and ``after`` (n, channels) are background
    without a voice; they touch the piece where ``touches`` says so. ``weight`` (length, channels) says how much of a
    voice is to go, 0 to 1.
    """

    start: int
    end: int
    rate: int
    layout: Layout
    columns: tuple[int, ...]
    heard: Block
    lead: int
    stem: Block | None
    before: Block
    after: Block
    touches: tuple[bool, bool]
    weight: Block
    removals: tuple[Removal, ...]

    @property
    def length(self) -> int:
        """Frames of the piece."""
        return self.end - self.start

    @property
    def me(self) -> Block:
        """The M&E of the piece, (length, channels)."""
        return self.heard[self.lead : self.lead + self.length]

    @property
    def barren(self) -> bool:
        """Whether there is no background around to compare with or to rebuild from."""
        return not (self.before.any() or self.after.any())

    def around(self, piece: Block) -> Block:
        """``piece`` (length, channels) in the place of the M&E's own, with what is heard around it."""
        out = self.heard.copy()
        out[self.lead : self.lead + self.length] = piece
        return out


def scene_of(region: Region, span: Span, me: WavReader, stem: WavReader | None) -> Scene:
    """The frames ``span`` of ``region``, which hold at most some ten seconds."""
    read = _reading(me, region.columns)
    start, end = span
    lead = round(AROUND_SECONDS * me.rate)
    before, after = (_joined(read, passages, me.rate) for passages in (region.before, region.after))
    return Scene(
        start=start,
        end=end,
        rate=me.rate,
        layout=me.layout,
        columns=region.columns,
        heard=read(start - lead, end + lead),
        lead=lead,
        stem=_reading(stem, region.columns)(start - lead, end + lead) if stem is not None else None,
        before=before,
        after=after,
        touches=(
            bool(region.before) and region.before[-1][1] == start,
            bool(region.after) and region.after[0][0] == end,
        ),
        weight=fades(region.removals, start, end, me.rate, region.columns),
        removals=tuple(r for r in region.removals if r.start < end and r.end + r.tail > start),
    )


def fades(removals: Sequence[Removal], start: int, end: int, rate: int, columns: Sequence[int]) -> Block:
    """How far removal has faded in, 0 to 1, (end - start, columns): raised cosines around every event."""
    attack, release = attack_frames(rate), tail_frames(rate)
    at = np.arange(start, end)
    weights = np.zeros((end - start, len(columns)), dtype=np.float32)
    for removal in removals:
        rise = np.clip((at - (removal.start - attack)) / attack, 0.0, 1.0)
        fall = np.clip((removal.end + removal.tail - at) / release, 0.0, 1.0)
        weight = np.square(np.sin(np.pi / 2 * np.minimum(rise, fall))).astype(np.float32)
        for which, column in enumerate(columns):
            if column in removal.columns:
                weights[:, which] = np.maximum(weights[:, which], weight)
    return weights


def to_optional(region: Region, start: int, end: int, rate: int) -> Block:
    """How much of what leaves ``region`` goes to OPT, 0 to 1, (end - start, columns); the DX guide gets the rest.

    Where both meet, language decides: OPT must not carry a word.
    """
    language, reuse = (
        fades([r for r in region.removals if r.optional == kind], start, end, rate, region.columns)
        for kind in (False, True)
    )
    share: Block = np.maximum(reuse - language, 0.0) / np.maximum(reuse, np.float32(1e-9))
    return share


def _joined(read: Read, passages: Sequence[Span], rate: int) -> Block:
    """The passages one after the other, spliced without a click."""
    joined = read(0, 0)
    splice = round(_SPLICE_SECONDS * rate)
    for start, end in passages:
        passage = read(start, end)
        n = min(splice, len(joined), len(passage))
        if n:
            blended = crossfade(joined[len(joined) - n :], passage[:n])
            joined = np.concatenate([joined[: len(joined) - n], blended, passage[n:]])
        else:
            joined = np.concatenate([joined, passage])
    return joined


def _reading(reader: WavReader, columns: Sequence[int]) -> Read:
    """Reads some columns, zeros outside the file."""

    def read(start: int, end: int) -> Block:
        out = np.zeros((end - start, len(columns)), dtype=np.float32)
        first, last = max(start, 0), min(end, reader.frames)
        if first < last:
            out[first - start : last - start] = next(reader.blocks(last - first, start=first))[:, list(columns)]
        return out

    return read
