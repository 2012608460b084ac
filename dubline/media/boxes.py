"""Sets track languages in a QuickTime file where ffmpeg does not.

For MOV, ffmpeg writes only the old Macintosh language numbers and leaves out every language they lack, ``deu``
among them; QuickTime has long read packed ISO 639-2/T codes in the same field (QuickTime File Format, "Language
code values"; ISO/IEC 14496-12, 8.4.2 ``mdhd``). The field has a fixed place, so nothing else in the file moves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from dubline.errors import BadInput


def set_languages(path: Path, codes: Sequence[str | None]) -> None:
    """Write ISO 639-2/T ``codes`` into the tracks of the MOV or MP4 at ``path``, in track order; None leaves one be.

    Raises `BadInput` when the file has fewer tracks than codes.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        places = [
            place
            for moov in _boxes(file, 0, size, b"moov")
            for trak in _boxes(file, *moov, b"trak")
            for mdia in _boxes(file, *trak, b"mdia")
            for mdhd in _boxes(file, *mdia, b"mdhd")
            for place in (_language_place(file, mdhd[0]),)
        ]
        if len(places) < len(codes):
            raise BadInput(f"{len(places)} tracks for {len(codes)} languages", str(path), "remux it again")
        for place, code in zip(places, codes, strict=False):
            if code is not None:
                file.seek(place)
                file.write(struct.pack(">H", _packed(code)))


def _boxes(file: BinaryIO, start: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of the payload of each box of type ``wanted`` between two places."""
    at = start
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


def _language_place(file: BinaryIO, start: int) -> int:
    """Where an ``mdhd`` payload keeps its language: behind times of 4 or 8 bytes, by version."""
    file.seek(start)
    version = file.read(1)[0]
    return start + (32 if version == 1 else 20)


def _packed(code: str) -> int:
    first, second, third = (ord(letter) - 0x60 for letter in code)
    return first << 10 | second << 5 | third
