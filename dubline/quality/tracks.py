"""A delivered track as one stream of blocks, whether it lies in one file or in one file per channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import BLOCK_FRAMES, Block
from dubline.errors import BadInput
from dubline.media.decode import AudioDecoder


class Track(Protocol):
    """Sound at ``rate`` in ``layout``, decoded once from its first sample on."""

    @property
    def rate(self) -> int:
        """Sample rate in Hz."""

    @property
    def layout(self) -> Layout:
        """Its channels."""

    def blocks(self, size: int = BLOCK_FRAMES) -> Iterator[Block]:
        """Blocks of ``size`` frames, the last one shorter, ``(frames, channels)`` float32."""


class ChannelFiles:
    """Mono files side by side: channel ``i`` of ``layout`` in file ``i``; one that ends early goes on in silence."""

    def __init__(self, decoders: Sequence[AudioDecoder], layout: Layout) -> None:
        self.rate = decoders[0].rate
        self.layout = layout
        self._decoders = decoders

    def blocks(self, size: int = BLOCK_FRAMES) -> Iterator[Block]:
        """Blocks of ``size`` frames, the last one shorter, ``(frames, channels)`` float32."""
        nothing = np.zeros((0, 1), dtype=np.float32)
        for columns in zip_longest(*(decoder.blocks(size) for decoder in self._decoders), fillvalue=nothing):
            frames = max(map(len, columns))
            yield np.hstack([np.pad(column, ((0, frames - len(column)), (0, 0))) for column in columns])


@contextmanager
def open_track(files: Sequence[Path], stream: int, layout: Layout | None) -> Iterator[Track]:
    """Audio stream ``stream`` of the only file, or several mono files as the channels of ``layout``.

    Without a ``layout``, or with one of another channel count, the customary one of as many channels. Raises
    `BadInput` for files that are not one mono stream each at one rate, and for what `AudioDecoder` refuses.
    """
    with ExitStack() as stack:
        decoders = [stack.enter_context(AudioDecoder(path, stream)) for path in files]
        if len(decoders) == 1:
            yield decoders[0]
            return
        for decoder in decoders:
            if decoder.layout.channels != 1 or decoder.rate != decoders[0].rate:
                raise BadInput(
                    f"{decoder.layout.channels} channels at {decoder.rate} Hz where each file is one channel at "
                    f"{decoders[0].rate} Hz",
                    str(decoder.path),
                    "give one file, or one mono file per channel",
                )
        fits = layout is not None and layout.channels == len(files)
        yield ChannelFiles(decoders, layout if layout and fits else Layout.default(len(files), where=str(files[0])))
