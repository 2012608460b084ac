"""Puts dubs to the picture: one pass of ffmpeg, the picture copied, the sound encoded straight into its container.

Sound never passes through a second container on its way: ADTS and TS would shift AAC by 1024 samples, Matroska
rounds time stamps to milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg as graph

from dubline.audio.wav import WavReader
from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.boxes import set_languages
from dubline.media.carry import Cargo, plan_cargo
from dubline.media.containers import Container, check_original, check_pair, check_picture
from dubline.media.encoding import DETERMINISTIC, Sound, encoder_input, encoder_options, end_tracks
from dubline.media.files import check_file, url
from dubline.media.languages import Language
from dubline.media.streams import AudioStream, Media
from dubline.media.tags import Wanted, check_tags


@dataclass(frozen=True, slots=True)
class Track:
    """One dub's full mix: a WAV at the OV mix's rate, beginning with the picture.

    ``title`` is shown to viewers; the BCP-47 tag is added to it, because containers only hold ISO 639-2/T codes.
    """

    path: Path
    codec: str
    language: Language
    title: str | None = None
    default: bool = True

    @property
    def label(self) -> str:
        """Title and BCP-47 tag, such as ``French (France) [fr-FR]``."""
        return f"{self.title or self.language.name} [{self.language.bcp47}]"


@dataclass(frozen=True, slots=True)
class RemuxReport:
    """What became of the master's other streams: names of those ``dropped`` and ``converted``, and ``notes``."""

    dropped: tuple[str, ...]
    converted: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Dub:
    """A dub ready to be encoded."""

    track: Track
    sound: Sound


def remux(
    master: Path,
    media: Media,
    tracks: Sequence[Track],
    out: Path,
    *,
    container: str,
    keep_original: bool = False,
    original_stream: int = 0,
    original_language: Language | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> RemuxReport:
    """Write ``out``: the picture of ``master`` (probed as ``media``), ``tracks``, then the OV audio if kept.

    Picture and OV audio are copied bit for bit; chapters, metadata, color, timecode and the subtitles that the
    container can hold go along. Every track starts with the picture, which starts at 0 (later in Matroska when
    the OV audio starts before it). Raises `BadInput` before any work for a pair the container does not allow,
    `EnvironmentFault` and `Cancelled` as `ffmpeg.run`; ``out`` is then incomplete. What was written is opened again:
    tracks, languages or dispositions that are not as asked are an `EnvironmentFault` too.
    """
    house = check_picture(container, media.picture.codec, where=media.name)
    dubs = [_dub(track, house) for track in tracks]
    original = media.audio_stream(original_stream) if keep_original else None
    if original is not None:
        ends = media.ends_with_picture(original)
        check_original(container, original.codec, rate=original.rate, ends_with_picture=ends, where=media.name)
    check_file(master)
    cargo = plan_cargo(media, house)
    args = _arguments(master, media, dubs, out, house=house, original=original, cargo=cargo)
    described = _descriptions(dubs, original, original_language, media=media, cargo=cargo)
    ffmpeg.run(
        [*args[:-1], *described, *args[-1:]],
        where=out.name,
        duration_seconds=media.duration_seconds,
        progress=progress,
        cancelled=cancelled,
    )
    if house.name == "mov":
        set_languages(out, _languages(media, dubs, original, original_language, cargo))
    # The picture is track 0 and the dubs follow it.
    numbered = {number: dub.sound for number, dub in enumerate(dubs, start=1)}
    end_tracks(out, numbered, house, start=_picture_time(house, original))
    check_tags(out, list(_wanted(dubs, original, original_language)), languages=house.languages)
    return RemuxReport(tuple(cargo.dropped), tuple(cargo.converted), tuple(_notes(media, dubs, house)))


def _dub(track: Track, house: Container) -> _Dub:
    with WavReader(track.path) as wav:
        _, codec = check_pair(house.name, track.codec, layout=wav.layout, rate=wav.rate, where=str(track.path))
        if not wav.frames:
            raise BadInput("has no samples", str(track.path), "give a WAV with sound")
        return _Dub(track, Sound(codec, wav.layout, wav.rate, wav.frames))


def _arguments(
    master: Path,
    media: Media,
    dubs: Sequence[_Dub],
    out: Path,
    *,
    house: Container,
    original: AudioStream | None,
    cargo: Cargo,
) -> list[str]:
    """ffmpeg's arguments without the metadata of the sound streams; the last one is the output."""
    # With -copyts nothing is shifted but what we shift: the master, so that its picture starts as the WAVs do.
    zero = _picture_time(house, original)
    source = _input(master, zero - media.picture.start_seconds)
    streams = [source[str(media.picture.index)]]
    streams += [_graph_audio(dub, media, house, zero) for dub in dubs]
    streams += [source[str(original.stream_index)]] if original is not None else []
    streams += [source[str(index)] for index, _ in cargo.subtitles]
    streams += [source[str(index)] for index in (*cargo.covers, *cargo.attachments)]
    options: dict[str, Any] = {"c": "copy", "f": house.muxer, "map_chapters": 0, "map_metadata": 0, "strict": "-2"}
    for number, dub in enumerate(dubs):
        options |= encoder_options(number, dub.sound, house)
    for number, (_, codec) in enumerate(cargo.subtitles):
        options[f"c:s:{number}"] = codec
    for number in range(len(cargo.covers)):
        options[f"disposition:v:{number + 1}"] = "attached_pic"
    args: list[str] = graph.output(*streams, url(out), **options, **DETERMINISTIC).get_args()
    return ["-y", "-copyts", *args]


def _input(path: Path, offset: Fraction, **options: str) -> Any:
    shift = {"itsoffset": f"{float(offset):.6f}"} if offset else {}
    return graph.input(url(path), protocol_whitelist="file", **shift, **options)


def _picture_time(house: Container, original: AudioStream | None) -> Fraction:
    """When the picture starts in the deliverable: at 0, or as long after it as an early OV audio needs.

    Only Matroska needs the room. It has no times below zero, and ffmpeg would make some by moving all streams
    but not the chapters; MOV and MP4 hide what is early behind an edit list.
    """
    early = original is not None and house.muxer in ("matroska", "webm") and original.start_seconds < 0
    return Fraction(-original.start_seconds).limit_denominator(1_000_000) if original and early else Fraction(0)


def _graph_audio(dub: _Dub, media: Media, house: Container, start: Fraction) -> Any:
    stream = encoder_input(_input(dub.track.path, start, f="wav")["a:0"], dub.sound.codec, dub.sound.layout)
    if house.whole_pictures:
        # MXF stores whole frames of picture and sound together and would drop a picture that lacks its sound.
        stream = stream.filter("apad", whole_len=_picture_samples(media, dub.sound.rate))
    return stream


def _picture_samples(media: Media, rate: int) -> int:
    """Samples that cover the whole picture, rounded up."""
    return -int(-media.picture.frames * rate // media.picture.frame_rate)


def _descriptions(
    dubs: Sequence[_Dub],
    original: AudioStream | None,
    original_language: Language | None,
    *,
    media: Media,
    cargo: Cargo,
) -> list[str]:
    """Languages, titles, dispositions and the picture's timecode, as ffmpeg arguments."""
    args = ["-disposition:v:0", "default"]
    if media.timecode is not None:
        args += ["-metadata:s:v:0", f"timecode={media.timecode}"]
    for number, dub in enumerate(dubs):
        track = dub.track
        args += _metadata(number, track.language, track.label)
        args += [f"-disposition:a:{number}", "default+dub" if track.default else "dub"]
    if original is not None:
        number = len(dubs)
        if original_language is not None:
            label = f"{original.title or original_language.name} [{original_language.bcp47}]"
            args += _metadata(number, original_language, label)
        args += [f"-disposition:a:{number}", "original"]
    by_index = {subtitle.stream_index: subtitle for subtitle in media.subtitles}
    for number, (index, _) in enumerate(cargo.subtitles):
        flags = [flag for flag in ("default", "forced") if getattr(by_index[index], flag)]
        args += [f"-disposition:s:{number}", "+".join(flags) or "0"]
    return args


def _metadata(number: int, language: Language, label: str) -> list[str]:
    # Players of MOV and MP4 show the handler's name where they ignore the title.
    tags = {"language": language.iso639_2t, "title": label, "handler_name": label}
    return [word for key, value in tags.items() for word in (f"-metadata:s:a:{number}", f"{key}={value}")]


def _languages(
    media: Media,
    dubs: Sequence[_Dub],
    original: AudioStream | None,
    original_language: Language | None,
    cargo: Cargo,
) -> list[str | None]:
    """The language of each track in order: picture, dubs, original, subtitles; None where nothing is known."""
    codes: list[str | None] = [None, *(dub.track.language.iso639_2t for dub in dubs)]
    if original is not None:
        codes.append(original_language.iso639_2t if original_language else _code(original.language))
    by_index = {subtitle.stream_index: subtitle.language for subtitle in media.subtitles}
    return [*codes, *(_code(by_index[index]) for index, _ in cargo.subtitles)]


def _wanted(dubs: Sequence[_Dub], original: AudioStream | None, original_language: Language | None) -> Iterator[Wanted]:
    """What each sound stream must say when it is read again."""
    for dub in dubs:
        language = dub.track.language
        yield Wanted(dub.sound.codec.name, language.iso639_2t, language.bcp47, dub.track.default)
    if original is not None and original_language is not None:
        yield Wanted(original.codec, original_language.iso639_2t, original_language.bcp47, False)
    elif original is not None:
        yield Wanted(original.codec, _code(original.language), None, False)


def _code(tag: str | None) -> str | None:
    return tag if tag is not None and len(tag) == 3 and tag.isascii() and tag.islower() else None


def _notes(media: Media, dubs: Sequence[_Dub], house: Container) -> list[str]:
    notes = []
    if not house.languages:
        notes.append(f"{house.name} carries no language tags; the manifest does")
    for dub in dubs:
        language, surplus = dub.track.language.bcp47, dub.sound.frames - _picture_samples(media, dub.sound.rate)
        if house.whole_pictures and surplus > 0:
            notes.append(f"{language} is {surplus} samples longer than the picture; {house.name} ends with it")
        if house.whole_pictures and surplus < 0:
            notes.append(f"{language} is padded by {-surplus} samples of silence to the picture's end")
    return notes
