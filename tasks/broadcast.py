"""Write a language's mix as sound alone: broadcast WAV, interleaved or one file per channel."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

from dubline.audio.bext import LoudnessFields
from dubline.audio.broadcast import write_broadcast, write_channels
from dubline.audio.ixml import Slate
from dubline.audio.speakers import speaker_names
from dubline.audio.wav import WavReader
from dubline.loudness.meter import measure_wav
from dubline.media.containers import SAMPLE_FORMATS
from tasks.step import Made, Work, step


def channel_role(name: str) -> str:
    """The output role of the file that holds the channel called ``name``."""
    return f"channel_{name}"


@step("broadcast", version=1)
def broadcast(
    work: Work,
    conformed: Path,
    *,
    codec: str,
    channels: Literal["interleaved", "files"],
    title: str,
    content: str,
    language: str,
    time_reference: int,
    frame_rate: str,
    drop_frame: bool,
) -> Made:
    """Copy the conformed mix into its deliverable, with what it is, when it starts and how loud it is."""
    slate = Slate(
        project=title,
        content=content,
        time_reference=time_reference,
        frame_rate=Fraction(frame_rate),
        drop_frame=drop_frame,
        language=language,
    )
    sample_format = SAMPLE_FORMATS[codec]
    if channels == "files":
        with WavReader(conformed) as reader:
            files = {channel_role(name): work.scratch / f"{name}.wav" for name in speaker_names(reader.layout)}
        write_channels(
            conformed,
            list(files.values()),
            slate=slate,
            sample_format=sample_format,
            progress=work.progress,
            cancelled=work.cancelled,
        )
        return Made(files)
    measured, _ = measure_wav(conformed, cancelled=work.cancelled)
    out = work.scratch / "deliverable.wav"
    write_broadcast(
        conformed,
        out,
        slate=slate,
        sample_format=sample_format,
        loudness=LoudnessFields(
            measured.integrated_lufs,
            measured.lra_lu,
            measured.true_peak_dbtp,
            measured.max_momentary_lufs,
            measured.max_short_term_lufs,
        ),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    return Made({"deliverable": out})
