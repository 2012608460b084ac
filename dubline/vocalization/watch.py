"""Reading files under watch: block by block, several in step, with progress, cancellation and finite samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from dubline.audio.wav import BLOCK_FRAMES, Block, WavReader
from dubline.errors import BadInput, Cancelled

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]


def nothing(done: int, total: int) -> None:
    """A progress that nobody watches."""


def never() -> bool:
    """A cancellation that never comes."""
    return False


def in_step(
    readers: Sequence[WavReader], *, progress: Progress = nothing, cancelled: Cancel = never, frames: int = BLOCK_FRAMES
) -> Iterator[tuple[Block, ...]]:
    """Blocks of all ``readers``, the same ``frames`` of each (the last fewer), each ``(frames, channels)`` float32.

    ``progress`` counts frames. Raises `BadInput` when the files differ in rate or length or hold samples that are
    not finite, `Cancelled` when asked to stop.
    """
    first = readers[0]
    for other in readers[1:]:
        require_same_time(first, other)
    done = 0
    for blocks in zip(*(reader.blocks(frames) for reader in readers), strict=True):
        if cancelled():
            raise Cancelled("the work was stopped", str(first.path), "start it again when ready")
        for reader, block in zip(readers, blocks, strict=True):
            require_finite(block, reader, done)
        yield blocks
        done += len(blocks[0])
        progress(done, first.frames)


def require_same_time(one: WavReader, other: WavReader) -> None:
    """`BadInput` unless both files have the same rate and number of frames."""
    if (one.rate, one.frames) != (other.rate, other.frames):
        raise BadInput(
            f"{other.frames} frames at {other.rate} Hz do not belong to {one.frames} frames at {one.rate} Hz",
            f"{other.path} with {one.path}",
            "give files made from the same mix",
        )


def require_finite(block: Block, reader: WavReader, done: int) -> None:
    """`BadInput` when ``block``, which begins at frame ``done``, holds NaN or infinity."""
    if np.isfinite(block).all():
        return
    at = (done + int(np.argmin(np.isfinite(block).all(axis=1)))) / reader.rate
    raise BadInput("samples are not finite", f"{reader.path} at {at:.3f} s", "render the file again without NaN")
