"""The broadcast extension chunk, version 2 (EBU Tech 3285): where in the day a WAV file begins, and how loud it is."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from dubline.errors import BadInput

# Description, Originator, OriginatorReference, OriginationDate, OriginationTime, TimeReference, Version, UMID,
# the five loudness fields, Reserved; CodingHistory follows.
_FIELDS = struct.Struct("<256s32s32s10s8sQH64s5h180x")
_VERSION_1, _VERSION_2 = 1, 2
# "Not used" (EBU Tech 3285, 2.4): also for what lies outside the range the fields are defined for.
_NOT_USED = 0x7FFF
_MOST = 99.99


@dataclass(frozen=True, slots=True)
class LoudnessFields:
    """The five figures of version 2 to a hundredth, in LUFS, LU and dBTP; None where one is undefined."""

    integrated_lufs: float | None = None
    lra_lu: float | None = None
    true_peak_dbtp: float | None = None
    max_momentary_lufs: float | None = None
    max_short_term_lufs: float | None = None

    def _packed(self) -> tuple[int, ...]:
        figures = (
            self.integrated_lufs,
            self.lra_lu,
            self.true_peak_dbtp,
            self.max_momentary_lufs,
            self.max_short_term_lufs,
        )
        return tuple(_NOT_USED if figure is None or abs(figure) > _MOST else round(100 * figure) for figure in figures)

    @classmethod
    def _unpacked(cls, words: tuple[int, ...]) -> Self:
        return cls(*(None if word == _NOT_USED else word / 100 for word in words))


UNDEFINED = LoudnessFields()


@dataclass(frozen=True, slots=True)
class Bext:
    """A ``bext`` chunk. ``time_reference`` is samples since midnight; texts are ASCII.

    It has no date: the same order must give the same bytes, and the manifest dates the run. The UMID is zero, as
    the standard allows.
    """

    description: str
    originator: str
    time_reference: int
    loudness: LoudnessFields = UNDEFINED
    coding_history: str = ""

    def to_bytes(self) -> bytes:
        """The chunk's body, version 2: 602 bytes and the coding history."""
        return _FIELDS.pack(
            self.description.encode("ascii", "replace"),
            self.originator.encode("ascii", "replace"),
            b"",
            b"",
            b"",
            self.time_reference,
            _VERSION_2,
            b"",
            *self.loudness._packed(),
        ) + self.coding_history.encode("ascii", "replace")

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str = "bext") -> Self:
        """Read a chunk's body of any version; `BadInput` for one that is too short."""
        if len(body) < _FIELDS.size:
            raise BadInput(f"a bext chunk of {len(body)} bytes", where, f"it has {_FIELDS.size} or more: write it anew")
        description, originator, _, _, _, reference, version, _, *loudness = _FIELDS.unpack_from(body)
        return cls(
            _text(description),
            _text(originator),
            reference,
            LoudnessFields._unpacked(tuple(loudness)) if version > _VERSION_1 else UNDEFINED,
            _text(body[_FIELDS.size :]),
        )


def coding_history(*, rate: int, bits: int, channels: int) -> str:
    """One line of EBU R 98: linear PCM as dubline wrote it. R 98 has no word for modes beyond stereo."""
    mode = {1: ",M=mono", 2: ",M=stereo"}.get(channels, "")
    return f"A=PCM,F={rate},W={bits}{mode},T=dubline\r\n"


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("ascii", "replace")
