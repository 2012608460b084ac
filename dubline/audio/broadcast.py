"""Sound as studios take it without a picture: broadcast WAV with the time of day it starts at, whole or by channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from dubline.audio.bext import UNDEFINED, Bext, LoudnessFields, coding_history
from dubline.audio.ixml import Slate, ixml_chunk
from dubline.audio.layout import Layout
from dubline.audio.speakers import speaker_names
from dubline.audio.wav import SampleFormat, WavReader, WavWriter, bits_per_sample
from dubline.errors import BadInput, Cancelled

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]

_MONO = Layout.parse("mono")


def write_broadcast(
    source: Path,
    out: Path,
    *,
    slate: Slate,
    sample_format: SampleFormat,
    loudness: LoudnessFields = UNDEFINED,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
) -> None:
    """Copy the WAV at ``source`` into one interleaved broadcast WAV (EBU Tech 3285 v2, RF64 past 4 GiB).

    Raises `BadInput` where 24 bits would clip a sample, `Cancelled` when asked to stop; ``out`` is then incomplete.
    """
    with WavReader(source) as reader, ExitStack() as stack:
        names = speaker_names(reader.layout)
        writer = stack.enter_context(_writer(out, reader, reader.layout, slate, sample_format, names, loudness))
        _copy(reader, [writer], progress, cancelled)


def write_channels(
    source: Path,
    outs: Sequence[Path],
    *,
    slate: Slate,
    sample_format: SampleFormat,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
) -> None:
    """Copy each channel of the WAV at ``source``, in its order, into a mono broadcast WAV of its own.

    The loudness fields stay undefined: the loudness of a mix is not that of any of its channels. Raises as
    `write_broadcast`.
    """
    with WavReader(source) as reader, ExitStack() as stack:
        names = speaker_names(reader.layout)
        writers = [
            stack.enter_context(_writer(out, reader, _MONO, slate, sample_format, [name], UNDEFINED))
            for out, name in zip(outs, names, strict=True)
        ]
        _copy(reader, writers, progress, cancelled)


def write_stem(source: Path, out: Path, *, slate: Slate, cancelled: Cancel | None = None) -> SampleFormat:
    """`write_broadcast` for a stem; answers with the sample format it took.

    24-bit PCM where every sample fits; 32-bit float where one exceeds full scale, since a stem may (only the sum of
    stems is bounded) and neither clipping nor rescaling it would leave the sum whole.
    """
    try:
        write_broadcast(source, out, slate=slate, sample_format="s24", cancelled=cancelled)
    except BadInput:
        write_broadcast(source, out, slate=slate, sample_format="f32", cancelled=cancelled)
        return "f32"
    return "s24"


def _writer(
    out: Path,
    reader: WavReader,
    layout: Layout,
    slate: Slate,
    sample_format: SampleFormat,
    names: Sequence[str],
    loudness: LoudnessFields,
) -> WavWriter:
    bits = bits_per_sample(sample_format)
    bext = Bext(
        description=slate.content,
        originator="dubline",
        time_reference=slate.time_reference,
        loudness=loudness,
        coding_history=coding_history(rate=reader.rate, bits=bits, channels=layout.channels),
    )
    ixml = ixml_chunk(slate, rate=reader.rate, bits=bits, tracks=names)
    return WavWriter(out, rate=reader.rate, layout=layout, sample_format=sample_format, bext=bext.to_bytes(), ixml=ixml)


def _copy(reader: WavReader, writers: Sequence[WavWriter], progress: Progress | None, cancelled: Cancel | None) -> None:
    done = 0
    for block in reader.blocks():
        if cancelled is not None and cancelled():
            raise Cancelled("stopped", str(reader.path), "run it again")
        for column, writer in enumerate(writers):
            writer.write(block if len(writers) == 1 else block[:, column : column + 1])
        done += len(block)
        if progress is not None:
            progress(done, reader.frames)
