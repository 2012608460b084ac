"""When the sound of a title begins: the time of day on its first frame."""

from __future__ import annotations

from typing import Any

from dubline.media.timecode import Timecode
from flows.source import Source


def start_of_day(source: Source) -> dict[str, Any]:
    """What broadcast WAV say of their start: ``time_reference``, ``frame_rate`` and ``drop_frame``.

    Samples from midnight to the first picture frame (EBU Tech 3285, TimeReference), where all sound begins; 0 without
    timecode.
    """
    media = source.media
    clock = {"frame_rate": str(media.picture.frame_rate), "drop_frame": False, "time_reference": 0}
    if media.timecode is None:
        return clock
    start = Timecode.parse(media.timecode, media.picture.frame_rate, where=media.name)
    return clock | {"drop_frame": start.drop, "time_reference": start.samples(source.rate)}
