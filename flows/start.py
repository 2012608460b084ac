"""Where in the picture a dub begins, in any of the ways an order may say it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from dubline.audio.bext import Bext
from dubline.audio.wav import WavReader, read_chunk
from dubline.errors import BadInput
from dubline.media.streams import Media
from dubline.media.timecode import Timecode
from flows.order import BWF, Dub


def start_frames(dub: Dub, media: Media, *, rate: int, where: str) -> int:
    """Samples at ``rate`` from the first picture frame to the dub's first sample, negative where it begins before.

    Raises `BadInput` for a timecode that is none, a time of day under a master without timecode, and a file without
    the TimeReference the order counts on.
    """
    if dub.start_samples is not None:
        return dub.start_samples
    if dub.start_timecode is not None:
        picture = media.picture.frame_rate
        there = Timecode.parse(dub.start_timecode, picture, where=f"{where}, start_timecode of {dub.language}")
        return round((there.seconds - _day(media, where, dub).seconds) * rate)
    if dub.start == BWF:
        return round((_time_reference(dub.files[0]) - _day(media, where, dub).seconds) * rate)
    if dub.start is None:
        return 0
    return Timecode.parse(dub.start, media.picture.frame_rate, where=f"{where}, start of {dub.language}").samples(rate)


def _day(media: Media, where: str, dub: Dub) -> Timecode:
    """The time of day on the first picture frame."""
    if media.timecode is None:
        raise BadInput(
            "the master has no timecode to count from",
            f"{where}, dub {dub.language}",
            "give the start relative to the first frame, as `start` or `start_samples`",
        )
    return Timecode.parse(media.timecode, media.picture.frame_rate, where=media.name)


def _time_reference(path: Path) -> Fraction:
    """Seconds from midnight to the first sample of a broadcast WAV (EBU Tech 3285)."""
    body = read_chunk(path, b"bext")
    if body is None:
        raise BadInput("no bext chunk, and so no TimeReference", str(path), "give `start` another way")
    with WavReader(path) as reader:
        return Fraction(Bext.from_bytes(body, where=str(path)).time_reference, reader.rate)
