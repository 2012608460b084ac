"""Stems as studios take them: broadcast WAV, 24-bit, with the time of day they start at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dubline.audio.bext import bext_chunk
from dubline.audio.wav import SampleFormat, WavReader, WavWriter
from dubline.errors import BadInput, Cancelled


def write_broadcast(
    source: Path,
    out: Path,
    *,
    description: str,
    time_reference: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> SampleFormat:
    """Copy ``source`` into a broadcast WAV (EBU Tech 3285); answers with the sample format it took.

    24-bit PCM where every sample fits; 32-bit float where one exceeds full scale, since a stem may (only the sum of
    stems is bounded) and neither clipping nor rescaling it would leave the sum whole.
    """
    bext = bext_chunk(description=description, originator="dubline", time_reference=time_reference)
    try:
        _copy(source, out, "s24", bext, cancelled)
    except BadInput:
        _copy(source, out, "f32", bext, cancelled)
        return "f32"
    return "s24"


def _copy(source: Path, out: Path, sample_format: SampleFormat, bext: bytes, cancelled: Callable[[], bool]) -> None:
    with (
        WavReader(source) as reader,
        WavWriter(out, rate=reader.rate, layout=reader.layout, sample_format=sample_format, bext=bext) as writer,
    ):
        for block in reader.blocks():
            if cancelled():
                raise Cancelled("stopped", str(source), "run it again")
            writer.write(block)
