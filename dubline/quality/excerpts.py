"""The few seconds around an event, before and after cleaning, in the channels it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dubline.audio.wav import Block, WavReader
from dubline.errors import BadInput

# What is heard before and after an event, so that an ear can tell it from the scene ...
CONTEXT_SECONDS = 1.5
# ... and the most of it all.
LONGEST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """``before`` and ``after``: (n, channels) float32 at ``rate``, the event's channels from ``start_seconds`` on."""

    start_seconds: float
    rate: int
    before: Block
    after: Block

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.before) / self.rate

    @property
    def unchanged(self) -> bool:
        """Whether nothing was done here."""
        return np.array_equal(self.before, self.after)


def excerpt(
    before: WavReader, after: WavReader, *, start_seconds: float, end_seconds: float, channels: Sequence[str]
) -> Excerpt:
    """`CONTEXT_SECONDS` around a span, `LONGEST_SECONDS` at most, of the channels with these tags.

    Raises `BadInput` for files that do not have them, and for a span that lies after their end.
    """
    rate, frames = before.rate, min(before.frames, after.frames)
    first = max(round((start_seconds - CONTEXT_SECONDS) * rate), 0)
    last = min(round((end_seconds + CONTEXT_SECONDS) * rate), first + round(LONGEST_SECONDS * rate), frames)
    if first >= last or not set(channels) <= set(before.layout.tags):
        where = f"{start_seconds:.3f} s in {', '.join(channels)}"
        raise BadInput("the event is of another file", f"{before.path}, {where}", "give the events of this M&E")
    columns = [before.layout.index(tag) for tag in channels]
    return Excerpt(first / rate, rate, *(_read(reader, first, last, columns) for reader in (before, after)))


def _read(reader: WavReader, first: int, last: int, columns: list[int]) -> Block:
    block: Block = next(reader.blocks(last - first, start=first))[:, columns]
    return block
