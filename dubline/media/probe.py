"""Looks at a media file: what streams it holds, whether it is whole, and what would stand in a dub's way."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream as AvAudio
from av.container import InputContainer
from av.error import FFmpegError
from av.sidedata.sidedata import SideData
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream as AvSubtitle
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideo

from dubline.errors import BadInput
from dubline.media.cadence import cadence
from dubline.media.channels import Channels, channels_of
from dubline.media.files import open_media
from dubline.media.scan import StreamScan, doctype, frame_times, scan
from dubline.media.streams import AudioStream, Chapter, Color, Extra, Media, SubtitleStream, VideoStream

# ITU-T H.273 code points with the names ffmpeg gives them; 2 is "unspecified" in all three tables.
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film",
    9: "bt2020", 10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 11: "iec61966-2-4",
    13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_MATRICES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c",
}  # fmt: skip
_RANGES = {1: "tv", 2: "pc"}
_HDR = ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "DYNAMIC_HDR_PLUS", "DOVI_METADATA")
# Frames to look for the first picture in: enough for a decoder's reordering delay, no more.
_FIRST_PACKETS = 64


def probe(path: Path, *, need_picture: bool = True, cancelled: Callable[[], bool] | None = None) -> Media:
    """The facts of the file at ``path``, from its header, one pass over its packets and its first picture.

    Raises `BadInput` when there is no such file, when it is not media, cut short or damaged, has no sound, or,
    with ``need_picture``, no picture.
    """
    with open_media(path) as container:
        pictures = [stream for stream in container.streams.video if not _has(stream, Disposition.attached_pic)]
        _check_streams(container, pictures, path=path, need_picture=need_picture)
        scans = scan(container, path=path, cancelled=cancelled)
        video = _video(container, pictures[0], scans[pictures[0].index], path) if pictures else None
        start = video.start_seconds if video else Fraction(0)
        return Media(
            name=path.name,
            container=_container_name(container, path),
            duration_seconds=(container.duration or 0) / av.time_base,
            video=video,
            audio=tuple(
                _audio(number, stream, scans[stream.index], start)
                for number, stream in enumerate(container.streams.audio)
            ),
            subtitles=tuple(_subtitle(*item) for item in enumerate(container.streams.subtitles)),
            chapters=_chapters(container),
            extras=_extras(container, pictures),
            timecode=_timecode(container),
        )


def _check_streams(container: InputContainer, pictures: list[AvVideo], *, path: Path, need_picture: bool) -> None:
    if not container.streams.audio:
        raise BadInput("no audio stream", str(path), "give a file with sound")
    if need_picture and not pictures:
        raise BadInput("no picture", str(path), "give a file with a video stream")


def _video(container: InputContainer, stream: AvVideo, row: StreamScan, path: Path) -> VideoStream:
    times, tick = frame_times(row), stream.time_base or Fraction(1)
    if not len(times):
        raise BadInput("the video stream has no frames", str(path), "give a file with a picture")
    pace = cadence(times, tick, (stream.average_rate, stream.guessed_rate))
    first = _first_picture(container, stream, path)
    return VideoStream(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        pixel_format=stream.codec_context.pix_fmt,
        frame_rate=pace.rate,
        frames=len(times),
        constant_frame_rate=pace.constant,
        jitter_only=pace.jitter,
        start_seconds=int(times[0]) * tick,
        duration_seconds=float((row.end - int(times[0])) * tick) if row.end is not None else 0.0,
        color=Color(
            _PRIMARIES.get(stream.codec_context.color_primaries),
            _TRANSFERS.get(stream.codec_context.color_trc),
            _MATRICES.get(stream.codec_context.colorspace),
            _RANGES.get(stream.codec_context.color_range),
        ),
        hdr=tuple(name.lower() for name in _side_data(first) if name in _HDR),
        sha256=row.sha256,
    )


def _first_picture(container: InputContainer, stream: AvVideo, path: Path) -> VideoFrame:
    """The first picture, decoded: its side data tell the HDR, and a picture that does not decode is no picture."""
    try:
        container.seek(0)
        for number, packet in enumerate(container.demux(stream)):
            for frame in packet.decode():
                return frame
            if number > _FIRST_PACKETS:
                break
    except FFmpegError as error:
        raise BadInput(f"the picture does not decode: {error.strerror}", str(path), "export it anew") from error
    raise BadInput("the picture does not decode", str(path), "export it anew")


def _side_data(frame: VideoFrame) -> list[str]:
    # PyAV's container of side data iterates over the data, though it is typed as a mapping over names.
    return [cast(SideData, data).type.name for data in iter(frame.side_data)]


def _audio(number: int, stream: AvAudio, row: StreamScan, picture_start: Fraction) -> AudioStream:
    # PyAV has no codec context for a codec ffmpeg does not know, though its types say otherwise.
    context = cast(AudioCodecContext | None, stream.codec_context)
    tick = stream.time_base or Fraction(1)
    start = (stream.start_time or 0) * tick
    channels = channels_of(context) if context else Channels(" channels", 0)
    # ffmpeg names a layout it knows nothing about by its channel count.
    nameless = channels.layout.endswith(" channels") or channels.layout.startswith("ambisonic")
    return AudioStream(
        index=number,
        stream_index=stream.index,
        codec=context.codec.canonical_name if context else "unknown",
        rate=context.sample_rate if context else 0,
        channels=channels.count,
        layout=None if nameless else channels.layout,
        language=_tag(stream, "language"),
        title=_title(stream),
        default=_has(stream, Disposition.default),
        start_seconds=float(start - picture_start),
        duration_seconds=float(row.end * tick - start) if row.end is not None else 0.0,
        bit_depth=_bit_depth(context) if context else None,
        packets=row.packets,
        sha256=row.sha256,
        purposes=tuple(str(flag.name) for flag in Disposition if flag != Disposition.default and _has(stream, flag)),
    )


def _bit_depth(context: AudioCodecContext) -> int | None:
    """Bits per sample of a PCM or lossless stream, None for a lossy one, which has no such thing."""
    codec, decoded_bits = context.codec.canonical_name, context.format.bits if context.format else 0
    if match := re.fullmatch(r"pcm_[sfu](\d+)(le|be)?", codec):
        return int(match[1])
    # 24 bits is all that FLAC and ALAC encoders put into the 32-bit samples they decode to.
    return min(decoded_bits, 24) or None if codec in ("flac", "alac", "truehd") else None


def _subtitle(number: int, stream: AvSubtitle) -> SubtitleStream:
    context = stream.codec_context
    return SubtitleStream(
        index=number,
        stream_index=stream.index,
        codec=context.codec.canonical_name if context else "unknown",
        language=_tag(stream, "language"),
        title=_title(stream),
        default=_has(stream, Disposition.default),
        forced=_has(stream, Disposition.forced),
    )


def _extras(container: InputContainer, pictures: list[AvVideo]) -> tuple[Extra, ...]:
    """Covers, further pictures, attachments and data; not the timecode and chapter tracks, which are told apart."""
    found = []
    for stream in container.streams:
        if isinstance(stream, AvAudio | AvSubtitle) or (pictures and stream is pictures[0]):
            continue
        codec = stream.codec_context.codec.canonical_name if stream.codec_context else getattr(stream, "name", None)
        if isinstance(stream, AvVideo):
            found.append(Extra(stream.index, "picture" if stream in pictures else "cover", codec, _title(stream)))
        elif stream.type == "attachment":
            found.append(Extra(stream.index, "attachment", None, stream.metadata.get("filename")))
        elif "timecode" not in stream.metadata and not (container.chapters() and codec == "bin_data"):
            found.append(Extra(stream.index, "data", codec, _title(stream)))
    return tuple(found)


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    found = []
    for chapter in container.chapters():
        tick = chapter["time_base"] or Fraction(1)
        title = chapter["metadata"].get("title")
        found.append(Chapter(float(chapter["start"] * tick), float(chapter["end"] * tick), title))
    return tuple(found)


def _timecode(container: InputContainer) -> str | None:
    """The start timecode: of the picture, of a tmcd track, or of the file, whichever is there first."""
    for holder in (*container.streams.video, *container.streams, container):
        for key, value in holder.metadata.items():
            if key.lower() == "timecode":
                return str(value)
    return None


def _container_name(container: InputContainer, path: Path) -> str:
    name = container.format.name
    if name.startswith("mov,"):
        return "mov" if container.metadata.get("major_brand", "qt  ").startswith("qt") else "mp4"
    if name.startswith("matroska"):
        return "webm" if doctype(path) == "webm" else "mkv"
    return name.split(",")[0]


def _has(stream: Stream, flag: Disposition) -> bool:
    return bool(stream.disposition & flag)


def _tag(stream: Stream, key: str) -> str | None:
    value = stream.metadata.get(key)
    return None if value in (None, "", "und") else str(value)


def _title(stream: Stream) -> str | None:
    """The stream's title: ``title`` in Matroska, ``name`` in MOV and MP4, else a handler name that is not ffmpeg's."""
    return _tag(stream, "title") or _tag(stream, "name")
