"""Which of a master's further streams a container takes along, and what is left behind, said by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from dubline.media.containers import Container
from dubline.media.streams import Media

# Where ffmpeg copies an attached picture as a cover; in Matroska it would become a second video track.
_COVER_CONTAINERS = ("mp4",)
_COVER_CODECS = ("mjpeg", "png")


@dataclass(slots=True)
class Cargo:
    """Streams to take along, by container index: ``subtitles`` with the codec to write them in, covers, attachments."""

    subtitles: list[tuple[int, str]] = field(default_factory=list)
    covers: list[int] = field(default_factory=list)
    attachments: list[int] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    converted: list[str] = field(default_factory=list)


def plan_cargo(media: Media, container: Container) -> Cargo:
    """What of ``media`` besides picture and sound goes into ``container``; everything else is in ``dropped``."""
    cargo = Cargo()
    for subtitle in media.subtitles:
        name = f"subtitle {subtitle.index} ({subtitle.codec}, {subtitle.language or 'no language'})"
        codec = container.subtitles.get(subtitle.codec)
        if codec is None:
            cargo.dropped.append(name)
            continue
        cargo.subtitles.append((subtitle.stream_index, "copy" if codec == subtitle.codec else codec))
        if codec != subtitle.codec:
            cargo.converted.append(f"{name} to {codec}")
    for extra in media.extras:
        cover = extra.kind == "cover" and container.name in _COVER_CONTAINERS and extra.codec in _COVER_CODECS
        if cover:
            cargo.covers.append(extra.stream_index)
        elif extra.kind == "attachment" and container.attachments:
            cargo.attachments.append(extra.stream_index)
        else:
            cargo.dropped.append(f"{extra.kind} stream {extra.stream_index} ({extra.name or extra.codec or 'unnamed'})")
    if media.chapters and not container.chapters:
        cargo.dropped.append(f"{len(media.chapters)} chapters")
    return cargo
