"""What is to be seen at a glance: small pictures of the film at even steps, many to a sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream
from PIL import Image

from dubline.errors import Cancelled
from dubline.media.files import open_media
from dubline.quality.tiles.sections import Index, SectionWriter
from dubline.vocalization.watch import Cancel, Progress, never, nothing

WIDTH, COLUMNS, ROWS = 160, 10, 10
# Seconds between pictures: the first step that makes no more than so many.
_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300)
_MOST = 800
_QUALITY = 72


def tile_picture(
    path: Path, out: Path, *, seconds: float, progress: Progress = nothing, cancelled: Cancel = never
) -> Index:
    """Write sheets of the picture of ``path``, which lasts ``seconds``, to ``out``; gives their index.

    A sheet is a JPEG of ``columns`` by ``rows`` pictures of ``width`` by ``height``, one every ``step`` seconds. A
    picture is the key frame at that time or before it: only one is decoded for each, whatever the film's length or
    codec. Raises `BadInput` for what is no film, `Cancelled`.
    """
    step = next((step for step in _STEPS if seconds / step <= _MOST), _STEPS[-1])
    times = range(0, max(int(seconds), 1), step)
    per_sheet = COLUMNS * ROWS
    with open_media(path) as container, SectionWriter(out, out.parent) as writer:
        stream = next(one for one in container.streams.video if not one.disposition & Disposition.attached_pic)
        height = _height(stream)
        sheet = _blank(height)
        # The last picture that could be had stands in for one that cannot.
        last = Image.new("RGB", (WIDTH, height))
        for number, picture in enumerate(_pictures(container, stream, times, height)):
            if cancelled():
                raise Cancelled("drawing was stopped", str(path), "start it again when ready")
            last = picture or last
            place = number % per_sheet
            sheet.paste(last, (place % COLUMNS * WIDTH, place // COLUMNS * height))
            if place == per_sheet - 1 or number == len(times) - 1:
                writer.add("sheets", _jpeg(sheet))
                sheet = _blank(height)
            progress(number + 1, len(times))
        at = writer.write()
    return {
        "step": step,
        "count": len(times),
        "width": WIDTH,
        "height": height,
        "columns": COLUMNS,
        "rows": ROWS,
        **at["sheets"],
    }


def _pictures(
    container: InputContainer, stream: VideoStream, times: range, height: int
) -> Iterator[Image.Image | None]:
    start = stream.start_time or 0
    assert stream.time_base is not None
    for seconds in times:
        try:
            container.seek(start + int(seconds / stream.time_base), stream=stream)
            frame = next(container.decode(stream))
            yield Image.fromarray(frame.to_ndarray(width=WIDTH, height=height, format="rgb24"))
        except (FFmpegError, StopIteration):
            yield None


def _height(stream: VideoStream) -> int:
    """Even, for the shape the picture is shown in."""
    shape = stream.display_aspect_ratio
    return max(2 * round(WIDTH / float(shape) / 2), 2) if shape else 90


def _blank(height: int) -> Image.Image:
    return Image.new("RGB", (WIDTH * COLUMNS, height * ROWS))


def _jpeg(sheet: Image.Image) -> bytes:
    buffer = io.BytesIO()
    sheet.save(buffer, format="jpeg", quality=_QUALITY)
    return buffer.getvalue()
