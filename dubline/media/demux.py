"""Takes one audio stream out of a master as float32 RF64, in the picture's time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
from av.stream import Disposition

from dubline.audio.wav import BLOCK_FRAMES, WavWriter
from dubline.errors import Cancelled, EnvironmentFault
from dubline.media.decode import AudioDecoder
from dubline.media.files import open_media

# Below this an offset between sound and picture is the container rounding its clock (Matroska ticks: 1 ms).
_ROUNDING_SECONDS = Fraction(2, 1000)
# The first frame shown is among the first packets stored, however deep the reordering.
_FIRST_PACKETS = 64


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was written: ``frames`` in all, of which ``lead_in_frames`` are silence before a late sound.

    ``trimmed_frames`` preceded the picture and were left out; ``filled_frames`` are silence put into holes.
    """

    rate: int
    layout: str
    frames: int
    lead_in_frames: int
    trimmed_frames: int
    filled_frames: int


def extract_audio(
    path: Path,
    *,
    stream: int = 0,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Extraction:
    """Decode audio stream ``stream`` of ``path`` to ``out``, frame 0 with the first frame of the picture.

    Rate and layout stay the stream's own. ``progress`` counts frames. Raises `BadInput` for a file or stream
    that cannot be decoded, `EnvironmentFault` where ``out`` cannot be written, `Cancelled` when asked to stop;
    ``out`` is then incomplete.
    """
    try:
        return _extract(path, stream, out, progress, cancelled)
    except OSError as error:
        raise EnvironmentFault(f"cannot be written: {error.strerror}", str(out), "make room or grant access") from error


def _extract(
    path: Path,
    stream: int,
    out: Path,
    progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Extraction:
    with AudioDecoder(path, stream) as decoder:
        offset = decoder.start_seconds - picture_start(path)
        shift = round(offset * decoder.rate) if abs(offset) >= _ROUNDING_SECONDS else 0
        lead, trim = max(shift, 0), max(-shift, 0)
        with WavWriter(out, rate=decoder.rate, layout=decoder.layout) as writer:
            for start in range(0, lead, BLOCK_FRAMES):
                writer.write(np.zeros((min(BLOCK_FRAMES, lead - start), decoder.layout.channels), np.float32))
            skip = trim
            for block in decoder.blocks():
                if cancelled is not None and cancelled():
                    raise Cancelled("stopped on request", str(path), "run it again")
                writer.write(block[skip:])
                skip = max(skip - len(block), 0)
                if progress is not None:
                    progress(writer.frames, max(decoder.estimated_frames, writer.frames))
        return Extraction(decoder.rate, decoder.layout.name, writer.frames, lead, trim - skip, decoder.filled_frames)


def picture_start(path: Path) -> Fraction:
    """The time in seconds of the first frame shown, on the container's clock; 0 where there is no picture."""
    with open_media(path) as container:
        pictures = [item for item in container.streams.video if not item.disposition & Disposition.attached_pic]
        if not pictures:
            return Fraction(0)
        tick = pictures[0].time_base or Fraction(1)
        packets = islice(container.demux(pictures[0]), _FIRST_PACKETS)
        times = [packet.pts for packet in packets if packet.pts is not None and not packet.is_discard]
        return min(times, default=0) * tick
