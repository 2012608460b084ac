"""Puts right in place what ffmpeg writes wrongly into MOV and MP4: languages, and the ends of AC-3 tracks.

Languages: for MOV, ffmpeg writes only the old Macintosh language numbers and leaves out every language they
lack, ``deu`` among them; QuickTime has long read packed ISO 639-2/T codes in the same field (QuickTime File
Format, "Language code values"; ISO/IEC 14496-12, 8.4.2 ``mdhd``).
Ends: ffmpeg's AC-3 encoder keeps the last samples unless more follow; those more then count as part of the
track, which its edit list must end before (ISO/IEC 14496-12, 8.6.6 ``elst``, 8.3.2 ``tkhd``, 8.2.2 ``mvhd``).
All these fields have a fixed place and size, so nothing else in the file moves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from dubline.errors import BadInput

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Movie:
    """An opened file, its movie header and its tracks, each as start and end of the payload."""

    file: BinaryIO
    header: _Span
    tracks: tuple[_Span, ...]


def set_languages(path: Path, codes: Sequence[str | None]) -> None:
    """Write ISO 639-2/T ``codes`` into the tracks of the file at ``path``, in track order; None leaves one be.

    Raises `BadInput` when the file has fewer tracks than codes.
    """
    with _movie(path, tracks=len(codes)) as movie:
        for track, code in zip(movie.tracks, codes, strict=False):
            if code is None:
                continue
            start, _ = _only(movie.file, track, b"mdia", b"mdhd")
            movie.file.seek(start + (32 if _version(movie.file, start) else 20))
            movie.file.write(struct.pack(">H", _packed(code)))


def set_lengths(path: Path, seconds: Mapping[int, Fraction]) -> None:
    """End tracks (counted from 0) of the file at ``path`` after so many seconds, to the nearest movie tick.

    Raises `BadInput` when such a track, or its edit list, is not there.
    """
    with _movie(path, tracks=max(seconds, default=-1) + 1) as movie:
        wide = _version(movie.file, movie.header[0])
        scale = _number(movie.file, movie.header[0] + (20 if wide else 12), wide=False)
        for number, length in seconds.items():
            ticks = round(length * scale)
            edits, _ = _only(movie.file, movie.tracks[number], b"edts", b"elst")
            # The one edit that plays something is the last; an empty one before it delays the track.
            count, edit = _number(movie.file, edits + 4, wide=False), _version(movie.file, edits)
            _write(movie.file, edits + 8 + (count - 1) * (20 if edit else 12), ticks, wide=edit)
            place, long = _track_length(movie, number)
            _write(movie.file, place, ticks, wide=long)
        lengths = [_track_length(movie, number) for number in range(len(movie.tracks))]
        longest = max(_number(movie.file, place, wide=long) for place, long in lengths)
        _write(movie.file, movie.header[0] + (24 if wide else 16), longest, wide=wide)


@contextmanager
def _movie(path: Path, *, tracks: int) -> Iterator[_Movie]:
    with path.open("r+b") as file:
        moov = _only(file, (0, file.seek(0, 2)), b"moov")
        movie = _Movie(file, _only(file, moov, b"mvhd"), tuple(_boxes(file, moov, b"trak")))
        if len(movie.tracks) < tracks:
            raise BadInput(f"{len(movie.tracks)} tracks where {tracks} were written", str(path), "remux it again")
        yield movie


def _only(file: BinaryIO, span: _Span, *kinds: bytes) -> _Span:
    """The payload of the first box along the path ``kinds``; `BadInput` where there is none."""
    for kind in kinds:
        found = next(_boxes(file, span, kind), None)
        if found is None:
            raise BadInput(f"has no {kind.decode()} box", str(file.name), "remux it again")
        span = found
    return span


def _boxes(file: BinaryIO, span: _Span, wanted: bytes) -> Iterator[_Span]:
    """Start and end of the payload of each box of type ``wanted`` directly inside ``span``."""
    at, end = span
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            (size,), header = struct.unpack(">Q", file.read(8)), 16
        size = size or end - at
        if size < header:
            return
        if kind == wanted:
            yield at + header, at + size
        at += size


def _track_length(movie: _Movie, number: int) -> tuple[int, bool]:
    """Where a track's header keeps its length, and whether in 64 bits."""
    start, _ = _only(movie.file, movie.tracks[number], b"tkhd")
    wide = _version(movie.file, start)
    return start + (28 if wide else 20), wide


def _version(file: BinaryIO, start: int) -> bool:
    """Whether a full box is of version 1: times in 64 bits."""
    file.seek(start)
    return file.read(1) == b"\1"


def _number(file: BinaryIO, place: int, *, wide: bool) -> int:
    file.seek(place)
    return int.from_bytes(file.read(8 if wide else 4), "big")


def _write(file: BinaryIO, place: int, value: int, *, wide: bool) -> None:
    file.seek(place)
    file.write(value.to_bytes(8 if wide else 4, "big"))


def _packed(code: str) -> int:
    first, second, third = (ord(letter) - 0x60 for letter in code)
    return first << 10 | second << 5 | third
