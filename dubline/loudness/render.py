"""A mix with its gains and its limiter, written and measured in one reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dubline.audio.limiter import Limiter
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.balance import require_in_mix
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was written: its figures, the limiter's largest reduction in dB, and the share of frames it lowered."""

    measurement: Measurement
    limited_db: float
    limited_share: float


def render(
    mix: Path,
    out: Path,
    *,
    gain_db: float,
    ceiling_dbtp: float,
    dialogue: Path | None = None,
    dialogue_gain_db: float = 0.0,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Rendered:
    """Write ``mix`` to ``out`` as 32-bit float: ``dialogue`` in it gained, then all of it, then its peaks limited.

    Where the dialogue is silent its gain changes no bit, and where no peak passes the ceiling the limiter changes
    none. Raises `BadInput` for files that are not audio, are one file or do not belong together, `Cancelled`.
    """
    if out.exists() and out.samefile(mix):
        raise BadInput("input and output are the same file", str(mix), "write the conformed copy elsewhere")
    with ExitStack() as stack:
        reader = stack.enter_context(WavReader(mix))
        blocks = reader.blocks()
        if dialogue is not None and dialogue_gain_db:
            part = stack.enter_context(WavReader(dialogue))
            require_in_mix(reader, part)
            blocks = _dialogue_gained(blocks, part.blocks(), dialogue_gain_db)
        writer = stack.enter_context(WavWriter(out, rate=reader.rate, layout=reader.layout))
        limiter = Limiter(reader.rate, reader.layout, ceiling_dbtp)
        meter = Meter(reader.rate, reader.layout, where=str(mix))
        factor = np.float32(10 ** (gain_db / 20))
        for block in _limited((block * factor for block in blocks) if gain_db else blocks, limiter):
            if cancelled is not None and cancelled():
                raise Cancelled("conforming was stopped", str(mix), "start it again when ready")
            meter.process(block)
            writer.write(block)
            if progress is not None:
                progress(writer.frames, reader.frames)
    share = limiter.limited_frames / reader.frames if reader.frames else 0.0
    return Rendered(meter.measurement(speech), limiter.limited_db, share)


def _dialogue_gained(mix: Iterator[Block], dialogue: Iterator[Block], gain_db: float) -> Iterator[Block]:
    more = np.float32(10 ** (gain_db / 20) - 1)
    for block, spoken in zip(mix, dialogue, strict=True):
        # Adding zero is not the identity on the bits: -0.0 + 0.0 is +0.0.
        yield np.where(spoken == 0.0, block, block + more * spoken)


def _limited(blocks: Iterator[Block], limiter: Limiter) -> Iterator[Block]:
    for block in blocks:
        yield limiter.process(block)
    yield limiter.flush()
