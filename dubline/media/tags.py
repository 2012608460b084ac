"""Whether a file that was just written says of its sound what it was told to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from av.audio.stream import AudioStream
from av.stream import Disposition

from dubline.errors import EnvironmentFault
from dubline.media.files import open_media


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a sound stream must say: its codec, its ISO 639-2/T language (None: nobody knows), whether it plays first.

    ``bcp47`` must end the title that people see.
    """

    codec: str
    language: str | None
    bcp47: str | None
    default: bool


def check_tags(path: Path, wanted: Sequence[Wanted], *, languages: bool) -> None:
    """Read the header at ``path`` as a stranger would; ``languages`` says whether the container has such tags.

    Raises `EnvironmentFault` for another number of sound streams, and for a codec, language, title or disposition
    that is not as ``wanted``, stream by stream: ffmpeg leaves out what it does not know without a word.
    """
    with open_media(path) as container:
        found = list(container.streams.audio)
        if len(found) != len(wanted):
            raise _fault(path, f"{len(found)} sound streams, {len(wanted)} were ordered")
        for number, (stream, want) in enumerate(zip(found, wanted, strict=True)):
            for what, value, ordered in _compared(stream, want) if languages else _compared(stream, want)[:1]:
                if value != ordered:
                    raise _fault(path, f"sound stream {number} has {what} {value}, {ordered} was ordered")


def _compared(stream: AudioStream, want: Wanted) -> list[tuple[str, object, object]]:
    """What is compared, what is there, what was ordered; the codec comes first."""
    title = stream.metadata.get("title") or stream.metadata.get("name") or ""
    pairs: list[tuple[str, object, object]] = [("codec", stream.codec_context.codec.canonical_name, want.codec)]
    if want.language is not None:
        pairs.append(("language", stream.metadata.get("language", "none"), want.language))
    if want.bcp47 is not None:
        pairs.append(("title", title, title if title.endswith(f"[{want.bcp47}]") else f"one with [{want.bcp47}]"))
    return [*pairs, ("default", bool(stream.disposition & Disposition.default), want.default)]


def _fault(path: Path, what: str) -> EnvironmentFault:
    return EnvironmentFault(f"was written with {what}", path.name, "use the ffmpeg that comes with dubline")
