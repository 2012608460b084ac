"""Sample rate conversion of block streams: libsoxr at its highest quality, exact in length, zero lag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import soxr

from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import Cancelled

_QUALITY = "VHQ"


def resampled_frames(frames: int, rate_in: int, rate_out: int) -> int:
    """How many frames ``frames`` become: ``frames * rate_out / rate_in`` to the nearest, halves up."""
    return (2 * frames * rate_out + rate_in) // (2 * rate_in)


def resample_blocks(blocks: Iterable[Block], *, rate_in: int, rate_out: int, channels: int) -> Iterator[Block]:
    """Blocks ``(frames, channels)`` float32 at ``rate_out``, together `resampled_frames` long.

    Sample ``k`` of the output lies at time ``k / rate_out``, as in the input. Equal rates pass blocks unchanged.
    """
    if rate_in == rate_out:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality=_QUALITY)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        ready = stream.resample_chunk(np.ascontiguousarray(block, dtype=np.float32))
        given += len(ready)
        if len(ready):
            yield ready
    # libsoxr rounds the length of what it still holds its own way: cut to ours, or fill with silence.
    tail = stream.resample_chunk(np.zeros((0, channels), dtype=np.float32), last=True)
    missing = resampled_frames(taken, rate_in, rate_out) - given
    fitted = np.zeros((missing, channels), dtype=np.float32)
    fitted[: len(tail)] = tail[:missing]
    if missing:
        yield fitted


def resample_wav(
    path_in: Path,
    path_out: Path,
    *,
    rate: int,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write ``path_in`` at ``rate`` Hz as 32-bit float, same layout; `BadInput` when it is not audio."""
    with WavReader(path_in) as reader, WavWriter(path_out, rate=rate, layout=reader.layout) as writer:
        blocks = resample_blocks(reader.blocks(), rate_in=reader.rate, rate_out=rate, channels=reader.layout.channels)
        total = resampled_frames(reader.frames, reader.rate, rate)
        for block in blocks:
            if cancelled is not None and cancelled():
                raise Cancelled("resampling was stopped", str(path_in), "start it again when ready")
            writer.write(block)
            if progress is not None:
                progress(writer.frames, total)
