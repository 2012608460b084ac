"""Ends the tracks of a Matroska file where their sound ends, in place.

ffmpeg says in Matroska how much of a track to leave out before its first sample (CodecDelay) but not, for AAC and AC-3,
how much of its last block lies past its last one. That is DiscardPadding (RFC 9559, 5.1.3.5.4), and every element after
it would have to move to make room. So the last block is written with a duration too long to be true, which takes just
as many bytes, and those are overwritten; what else the long duration reached is put right.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, NamedTuple

from dubline.errors import BadInput

_SEGMENT, _INFO, _DURATION, _TRACKS, _ENTRY, _NUMBER, _UID = (
    0x18538067, 0x1549A966, 0x4489, 0x1654AE6B, 0xAE, 0xD7, 0x73C5
)  # fmt: skip
_TAGS, _TAG, _TARGETS, _TARGET_UID, _SIMPLE, _NAME, _STRING = (
    0x1254C367, 0x7373, 0x63C0, 0x63C5, 0x67C8, 0x45A3, 0x4487
)  # fmt: skip
_CLUSTER, _GROUP, _BLOCK, _BLOCK_DURATION, _PADDING, _VOID = 0x1F43B675, 0xA0, 0xA1, 0x9B, 0x75A2, 0xEC
# An element of seven bytes either way: BlockDuration in five bytes, DiscardPadding in four.
_DISCARD_PADDING = bytes.fromhex("75a284")
_ROOM_BYTES = 5
# The least number of milliseconds that takes five bytes.
ROOM_MS = 1 << 32


class _Element(NamedTuple):
    kind: int
    at: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class End:
    """Where a track ends: its length, and how much of its last block lies past it, both in seconds."""

    length: Fraction
    padding: Fraction


def set_ends(path: Path, ends: Mapping[int, End]) -> None:
    """Write the ``ends`` of tracks (counted from 0) into the file at ``path``, as ffmpeg wrote it with `ROOM_MS`.

    Raises `BadInput` when a track's last block has no such room.
    """
    with path.open("r+b") as file:
        segment = _child(file, _Element(0, 0, 0, file.seek(0, 2)), _SEGMENT)
        wanted = {number + 1: end for number, end in ends.items()}
        for number, group in _last_groups(file, segment, set(wanted)).items():
            _end_block(file, group, round(wanted[number].padding * 10**9))
        longest = _put_tags_right(file, segment, wanted)
        duration = _child(file, _child(file, segment, _INFO), _DURATION)
        file.seek(duration.start)
        file.write(struct.pack(">d", float(longest * 1000)))


def _last_groups(file: BinaryIO, segment: _Element, numbers: set[int]) -> dict[int, _Element]:
    """The group of the last block of each track, found from the end of the file."""
    found: dict[int, _Element] = {}
    for cluster in reversed([item for item in _elements(file, segment) if item.kind == _CLUSTER]):
        for group in reversed([item for item in _elements(file, cluster) if item.kind == _GROUP]):
            file.seek(_child(file, group, _BLOCK).start)
            number, _ = _number(file, keep_marker=False)
            if number in numbers - found.keys():
                found[number] = group
        if found.keys() == numbers:
            return found
    raise BadInput("tracks without a last block", str(file.name), "remux it again")


def _end_block(file: BinaryIO, group: _Element, nanoseconds: int) -> None:
    """Overwrite the duration of the block in ``group`` with its padding, and what ffmpeg took for it with nothing."""
    room = _child(file, group, _BLOCK_DURATION)
    if room.end - room.start != _ROOM_BYTES:
        raise BadInput("a last block without room for its end", str(file.name), "remux it again")
    for old in [item for item in _elements(file, group) if item.kind == _PADDING]:
        file.seek(old.at)
        file.write(bytes([_VOID, 0x80 | (old.end - old.at - 2)]))
    file.seek(room.at)
    file.write(_DISCARD_PADDING + struct.pack(">i", nanoseconds))


def _put_tags_right(file: BinaryIO, segment: _Element, wanted: Mapping[int, End]) -> Fraction:
    """Write the length of each wanted track into its DURATION tag; the length of the longest track."""
    tracks = [item for item in _elements(file, _child(file, segment, _TRACKS)) if item.kind == _ENTRY]
    numbers = {
        _unsigned(file, _child(file, entry, _UID)): _unsigned(file, _child(file, entry, _NUMBER)) for entry in tracks
    }
    longest = Fraction(0)
    for tag in _elements(file, _child(file, segment, _TAGS)):
        targets = _child(file, tag, _TARGETS) if tag.kind == _TAG else None
        uid = next((item for item in _elements(file, targets) if item.kind == _TARGET_UID), None) if targets else None
        for simple in _elements(file, tag) if uid else ():
            if simple.kind != _SIMPLE or _text(file, _child(file, simple, _NAME)) != "DURATION":
                continue
            text = _child(file, simple, _STRING)
            end = wanted.get(numbers[_unsigned(file, uid)]) if uid else None
            length = end.length if end else _seconds(_text(file, text))
            if end:
                file.seek(text.start)
                file.write(_clock(length).encode().ljust(text.end - text.start, b"\0"))
            longest = max(longest, length)
    return longest


def _clock(length: Fraction) -> str:
    """``00:00:01.602562500``, to the nanosecond, as ffmpeg writes it."""
    seconds, nanoseconds = divmod(round(length * 10**9), 10**9)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{nanoseconds:09}"


def _seconds(clock: str) -> Fraction:
    hours, minutes, seconds = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)


def _child(file: BinaryIO, parent: _Element, kind: int) -> _Element:
    found = next((item for item in _elements(file, parent) if item.kind == kind), None)
    if found is None:
        raise BadInput(f"has no element {kind:X}", str(file.name), "remux it again")
    return found


def _elements(file: BinaryIO, parent: _Element) -> Iterator[_Element]:
    at = parent.start
    while at < parent.end:
        file.seek(at)
        kind, width = _number(file, keep_marker=True)
        size, length = _number(file, keep_marker=False)
        start = at + width + length
        yield _Element(kind, at, start, start + size)
        at = start + size


def _number(file: BinaryIO, *, keep_marker: bool) -> tuple[int, int]:
    """A variable-size integer (RFC 8794, 4) at the file's position, and how many bytes it takes."""
    first = file.read(1)[0]
    width = 9 - first.bit_length()
    value = int.from_bytes(bytes([first]) + file.read(width - 1), "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width


def _unsigned(file: BinaryIO, element: _Element) -> int:
    file.seek(element.start)
    return int.from_bytes(file.read(element.end - element.start), "big")


def _text(file: BinaryIO, element: _Element) -> str:
    file.seek(element.start)
    return file.read(element.end - element.start).rstrip(b"\0").decode("utf-8", "replace")
