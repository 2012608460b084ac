"""The layout of a stream whose channels may lie in any order, such as the film order L C R Ls Rs LFE."""

from __future__ import annotations

import re
from dataclasses import dataclass

from av.audio.codeccontext import AudioCodecContext

from dubline.audio.layout import MASK_BITS, Layout
from dubline.errors import BadInput

# How ffmpeg describes a layout that is not in the order of the WAVE channel mask.
_OWN_ORDER = re.compile(r"\d+ channels \(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Channels:
    """``layout`` is ffmpeg's name, or a description where it has none; ``order`` gives the file's channel for each
    of its tags, None where they lie in its order.
    """

    layout: str
    count: int
    order: tuple[int, ...] | None = None


def channels_of(context: AudioCodecContext) -> Channels:
    """What a stream declares, before anything of it is decoded.

    PyAV 18 copies the map of a layout with an order of its own without owning it, and frees it once for every look:
    a second look, or the first frame, ends the process. So it is looked at once here, and the decoder is given the
    same channels without the map.
    """
    declared = context.layout
    name, count = declared.name, declared.nb_channels
    match = _OWN_ORDER.fullmatch(name)
    if match is None:
        return Channels(name, count)
    tags = match[1].split("+")
    context.layout = f"{count} channels"
    layout = _named(tags)
    if layout is None:
        return Channels(name, count)
    # Only PCM is in the file's order: decoders put the channels of all other codecs into their layout's.
    own = context.codec.canonical_name.startswith("pcm_")
    return Channels(layout.name, count, tuple(map(tags.index, layout.tags)) if own else None)


def _named(tags: list[str]) -> Layout | None:
    """The layout that has just these channels."""
    if len(set(tags)) < len(tags) or not MASK_BITS.keys() >= set(tags):
        return None
    try:
        return Layout.from_mask(sum(MASK_BITS[tag] for tag in tags), len(tags))
    except BadInput:
        return None
