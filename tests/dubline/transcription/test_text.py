"""Timed text reads back as it was written: SubRip's own grammar, whatever is said."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dubline.transcription.text import Line, srt

CUE = re.compile(r"(\d+)\n(\d\d+):(\d\d):(\d\d),(\d{3}) --> (\d\d+):(\d\d):(\d\d),(\d{3})\n([^\n]+)\n")


def line(start: float, end: float, text: str) -> Line:
    return Line(start, end, text, 0.9, 0.0)


@given(st.lists(st.tuples(st.integers(0, 360_000_000), st.integers(1, 9000), st.text(min_size=1)), max_size=5))
def test_every_cue_has_its_number_times_and_one_line(rows: list[tuple[int, int, str]]) -> None:
    said = [line(at / 1000, (at + long) / 1000, f"word {text} word") for at, long, text in rows]
    cues = CUE.findall(srt(said))
    assert [int(cue[0]) for cue in cues] == list(range(1, len(rows) + 1))
    for cue, (at, long, text) in zip(cues, rows, strict=True):
        hours, minutes, seconds, rest = map(int, cue[1:5])
        assert ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest == at
        hours, minutes, seconds, rest = map(int, cue[5:9])
        assert ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest == at + long
        assert cue[9].split() == f"word {text} word".split()


def test_words_are_words_in_any_script() -> None:
    assert line(0, 1, "\N{INVERTED QUESTION MARK}D\u00f3nde est\u00e1 el barco?").words == [
        "d\u00f3nde",
        "est\u00e1",
        "el",
        "barco",
    ]
    assert line(0, 1, "L'\u00c9T\u00c9, d\u00e9j\u00e0\u2026").words == ["l'\u00e9t\u00e9", "d\u00e9j\u00e0"]
    assert line(0, 1, "\u2026 \u266a !").words == []
