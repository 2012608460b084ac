"""A dub as it was delivered: one media file, or one mono file per channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np

from dubline.audio.layout import MASK_BITS, Layout
from dubline.audio.wav import Block
from dubline.errors import BadInput
from dubline.media.decode import AudioDecoder

# What studios call the channels -> the tag. One pair of surrounds stands at the side (ITU-R BS.775), where ffmpeg's
# 5.1(side) has it.
CHANNELS = {
    "L": "FL", "R": "FR", "C": "FC", "LFE": "LFE", "Ls": "SL", "Rs": "SR",
    "Lss": "SL", "Rss": "SR", "Lrs": "BL", "Rrs": "BR",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tracks:
    """An open dub; ``blocks()`` gives it once, ``(frames, channels)`` float32."""

    name: str
    rate: int
    layout: Layout
    estimated_frames: int
    blocks: Callable[[], Iterator[Block]]


@contextmanager
def open_tracks(files: Sequence[Path], channels: Sequence[str] = ()) -> Iterator[Tracks]:
    """Open the one file of a dub, or its mono ``files``, which ``channels`` (keys of `CHANNELS`) name in turn.

    Raises `BadInput` for a file without sound, or mono files that are not mono, differ in rate or length, or make no
    layout together.
    """
    with ExitStack() as stack:
        decoders = [stack.enter_context(AudioDecoder(path)) for path in files]
        first = decoders[0]
        if not channels:
            yield Tracks(str(first.path), first.rate, first.layout, first.estimated_frames, first.blocks)
            return
        layout = layout_of(channels, where=str(first.path))
        for decoder in decoders:
            if (decoder.layout.channels, decoder.rate) != (1, first.rate):
                raise BadInput(
                    f"{decoder.layout.name} at {decoder.rate} Hz where a dub's channels are mono at {first.rate} Hz",
                    str(decoder.path),
                    "give one mono file per channel, all at one rate",
                )
        by_tag = {CHANNELS[name]: decoder for name, decoder in zip(channels, decoders, strict=True)}
        ordered = [by_tag[tag] for tag in layout.tags]
        yield Tracks(str(first.path), first.rate, layout, first.estimated_frames, lambda: _together(ordered))


def layout_of(channels: Sequence[str], *, where: str) -> Layout:
    """The layout that channels of these names (keys of `CHANNELS`) make; `BadInput` where they make none."""
    unknown = [name for name in channels if name not in CHANNELS]
    if unknown:
        raise BadInput(f"no channel is called '{unknown[0]}'", where, f"use {', '.join(CHANNELS)}")
    tags = {CHANNELS[name] for name in channels}
    if len(tags) < len(channels):
        raise BadInput(f"{'+'.join(channels)} name one channel twice", where, "name every channel once")
    return Layout.from_mask(sum(MASK_BITS[tag] for tag in tags), len(tags), where=where)


def _together(decoders: Sequence[AudioDecoder]) -> Iterator[Block]:
    for blocks in zip_longest(*(decoder.blocks() for decoder in decoders)):
        lengths = [0 if block is None else len(block) for block in blocks]
        if len(set(lengths)) > 1:
            short = decoders[lengths.index(min(lengths))]
            raise BadInput(
                "is shorter than the dub's other channels", str(short.path), "export all channels at one length"
            )
        yield np.concatenate(blocks, axis=1)
