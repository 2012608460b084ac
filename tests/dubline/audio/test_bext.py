"""The broadcast extension against the byte table of EBU Tech 3285 version 2, 2.3."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.bext import UNDEFINED, Bext, LoudnessFields, coding_history
from dubline.errors import BadInput

FIGURES = st.none() | st.floats(-99.99, 99.99)


def test_every_field_lies_where_the_standard_puts_it() -> None:
    loudness = LoudnessFields(-23.0, 7.5, -1.234, -18.01, -20.0)
    body = Bext("Glass Harbor", "dubline", 172_972_800, loudness, "A=PCM\r\n").to_bytes()
    assert body[:12] == b"Glass Harbor"
    assert body[256:263] == b"dubline"
    assert body[288:338] == bytes(50)  # reference, date and time
    assert struct.unpack_from("<IIH", body, 338) == (172_972_800, 0, 2)
    assert body[348:412] == bytes(64)  # UMID
    assert struct.unpack_from("<5h", body, 412) == (-2300, 750, -123, -1801, -2000)
    assert body[422:602] == bytes(180)
    assert body[602:] == b"A=PCM\r\n"


@pytest.mark.parametrize("figure", [None, -100.0, 120.0, -float("inf")])
def test_what_is_undefined_or_out_of_range_says_so(figure: float | None) -> None:
    body = Bext("", "", 0, LoudnessFields(figure)).to_bytes()
    assert struct.unpack_from("<5H", body, 412) == (0x7FFF,) * 5


@given(reference=st.integers(0, 2**64 - 1), figures=st.tuples(*[FIGURES] * 5))
def test_what_is_written_is_read_again(reference: int, figures: tuple[float | None, ...]) -> None:
    found = Bext.from_bytes(Bext("M&E", "dubline", reference, LoudnessFields(*figures), "A=PCM\r\n").to_bytes())
    assert (found.description, found.originator, found.time_reference) == ("M&E", "dubline", reference)
    assert found.coding_history == "A=PCM\r\n"
    back = found.loudness
    names = ("integrated_lufs", "lra_lu", "true_peak_dbtp", "max_momentary_lufs", "max_short_term_lufs")
    for name, figure in zip(names, figures, strict=True):
        assert getattr(back, name) == (None if figure is None else pytest.approx(figure, abs=0.00501))


def test_version_1_has_no_loudness_whatever_lies_there() -> None:
    body = bytearray(Bext("", "", 0, LoudnessFields(-23.0)).to_bytes())
    body[346] = 1
    assert Bext.from_bytes(bytes(body)).loudness == UNDEFINED


def test_a_chunk_cut_short_is_refused() -> None:
    with pytest.raises(BadInput, match="601 bytes"):
        Bext.from_bytes(bytes(601))


def test_the_coding_history_is_a_line_of_r98() -> None:
    assert coding_history(rate=48_000, bits=24, channels=2) == "A=PCM,F=48000,W=24,M=stereo,T=dubline\r\n"
    assert coding_history(rate=96_000, bits=32, channels=6) == "A=PCM,F=96000,W=32,T=dubline\r\n"
