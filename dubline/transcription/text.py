"""Timed text: lines with the time they are said, as SRT for people and as JSON for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Line:
    """What is said between two times. ``confidence``: the mean probability of its words; ``no_speech``: that nothing
    is said at all; both 0 to 1.
    """

    start_seconds: float
    end_seconds: float
    text: str
    confidence: float
    no_speech: float

    @property
    def words(self) -> list[str]:
        """Its words in lower case, without punctuation."""
        return _WORD.findall(self.text.casefold())

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self)


def srt(lines: Sequence[Line]) -> str:
    """``lines`` as SubRip text, numbered from 1; an empty text for none."""
    return "\n".join(
        f"{number}\n{_clock(line.start_seconds)} --> {_clock(line.end_seconds)}\n{' '.join(line.text.split())}\n"
        for number, line in enumerate(lines, start=1)
    )


def _clock(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{milliseconds:03d}"
