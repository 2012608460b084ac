"""What a media file holds: plain facts, frozen, that survive a round trip through JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from dubline.audio.layout import Layout
from dubline.errors import BadInput


@dataclass(frozen=True, slots=True)
class Color:
    """Color tags by ITU-T H.273 name, None where the file says nothing."""

    primaries: str | None = None
    transfer: str | None = None
    matrix: str | None = None
    range: str | None = None


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The picture. ``index`` counts the container's streams; ``start_seconds`` is the first frame's time in it.

    ``constant_frame_rate`` says that every frame lies on the grid of ``frame_rate`` up to the rounding of the
    container's clock; ``jitter_only`` that such rounding is there (1 ms ticks of Matroska, say). ``sha256`` is that of
    the packets (`hashes.StreamHash`), as for sound.
    """

    index: int
    codec: str
    width: int
    height: int
    pixel_format: str | None
    frame_rate: Fraction
    frames: int
    constant_frame_rate: bool
    jitter_only: bool
    start_seconds: Fraction
    duration_seconds: float
    color: Color
    sha256: str
    hdr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio stream. ``index`` counts audio streams (what an order's ``audio_stream`` names).

    ``start_seconds`` is relative to the first frame of the picture (or to the container's clock without one);
    ``layout`` is None where the file names none; ``purposes`` are its dispositions but the default: dub, original,
    comment, hearing_impaired and others, as far as the container has them.
    """

    index: int
    stream_index: int
    codec: str
    rate: int
    channels: int
    layout: str | None
    language: str | None
    title: str | None
    default: bool
    start_seconds: float
    duration_seconds: float
    bit_depth: int | None
    packets: int
    sha256: str
    purposes: tuple[str, ...] = ()

    def channel_layout(self, *, where: str) -> Layout:
        """The layout, the customary one for an untagged stream; `BadInput` where neither has a name."""
        if self.layout is None:
            return Layout.default(self.channels, where=where)
        return Layout.parse(self.layout, where=where)


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """One subtitle stream; ``index`` counts subtitle streams."""

    index: int
    stream_index: int
    codec: str
    language: str | None
    title: str | None
    default: bool
    forced: bool


@dataclass(frozen=True, slots=True)
class Extra:
    """A stream that is neither main picture, sound nor subtitle: ``kind`` is cover, picture, attachment or data."""

    stream_index: int
    kind: str
    codec: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter, in seconds of the container's clock."""

    start_seconds: float
    end_seconds: float
    title: str | None


@dataclass(frozen=True, slots=True)
class Media:
    """A probed file: ``container`` is mov, mp4, mkv, webm, mxf or ffmpeg's name for another format."""

    name: str
    container: str
    duration_seconds: float
    video: VideoStream | None
    audio: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]
    chapters: tuple[Chapter, ...]
    extras: tuple[Extra, ...]
    timecode: str | None

    @property
    def picture(self) -> VideoStream:
        """The video stream; `BadInput` where there is none."""
        if self.video is None:
            raise BadInput("no picture", self.name, "give a file with a video stream")
        return self.video

    def audio_stream(self, index: int) -> AudioStream:
        """Audio stream ``index``; `BadInput` when out of range, empty, unknown, or of a layout without a name."""
        if not 0 <= index < len(self.audio):
            raise BadInput(
                f"no audio stream {index}",
                self.name,
                f"choose 0 to {len(self.audio) - 1}" if len(self.audio) > 1 else "choose 0, the only one",
            )
        stream = self.audio[index]
        if not stream.rate:
            raise BadInput(f"audio stream {index} is in an unknown codec", self.name, "export it as PCM")
        if not stream.packets:
            raise BadInput(f"audio stream {index} has no samples", self.name, "choose a stream with sound")
        stream.channel_layout(where=f"{self.name}, audio stream {index}")
        return stream

    def ends_with_picture(self, stream: AudioStream) -> bool:
        """Whether a sound begins with the picture and ends with it, within a sample: frames may not hold whole ones."""
        begins = abs(stream.start_seconds * stream.rate) < 1
        picture = self.picture.frames * stream.rate / self.picture.frame_rate
        return begins and abs(round(stream.duration_seconds * stream.rate) - picture) < 1

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types; fractions as ``"24000/1001"``."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Media:
        """The inverse of `to_json`."""
        return cls(
            **{
                **body,
                "video": _video(body["video"]) if body["video"] else None,
                "audio": tuple(AudioStream(**{**item, "purposes": tuple(item["purposes"])}) for item in body["audio"]),
                "subtitles": tuple(SubtitleStream(**item) for item in body["subtitles"]),
                "chapters": tuple(Chapter(**item) for item in body["chapters"]),
                "extras": tuple(Extra(**item) for item in body["extras"]),
            }
        )


def _video(body: dict[str, Any]) -> VideoStream:
    return VideoStream(
        **{
            **body,
            "frame_rate": Fraction(body["frame_rate"]),
            "start_seconds": Fraction(body["start_seconds"]),
            "color": Color(**body["color"]),
            "hdr": tuple(body["hdr"]),
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
