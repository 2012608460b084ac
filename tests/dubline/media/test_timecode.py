"""Timecode against the published cases: ST 12-1 drop-frame, EBU Tech 3285 TimeReference."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.media.timecode import Timecode

NTSC_24, NTSC_30, NTSC_60 = (Fraction(rate * 1000, 1001) for rate in (24, 30, 60))


@pytest.mark.parametrize(
    ("text", "rate", "reference"),
    [
        ("00:00:00:00", Fraction(24), 0),
        ("01:00:00:00", Fraction(24), 172_800_000),
        ("01:00:00:00", Fraction(25), 172_800_000),
        ("01:00:00:00", Fraction(30), 172_800_000),
        ("01:00:00:00", Fraction(50), 172_800_000),
        ("01:00:00:00", NTSC_24, 172_972_800),
        ("01:00:00:00", NTSC_30, 172_972_800),
        ("01:00:00:00", NTSC_60, 172_972_800),
        # Drop-frame follows the clock to 3.6 ms an hour: 107 892 frames of 1601.6 samples.
        ("01:00:00;00", NTSC_30, 172_799_827),
        ("01:00:00;00", NTSC_60, 172_799_827),
        ("09:59:58:00", Fraction(25), 35_998 * 48_000),
        ("09:59:58:00", Fraction(24), 35_998 * 48_000),
        ("09:59:58:00", NTSC_24, 35_998 * 24 * 2002),
    ],
)
def test_time_reference(text: str, rate: Fraction, reference: int) -> None:
    assert Timecode.parse(text, rate).samples(48_000) == reference


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("00:00:59;29", 1799),
        ("00:01:00;02", 1800),  # labels ;00 and ;01 do not exist
        ("00:10:00;00", 17_982),
        ("01:00:00;00", 107_892),
        ("23:59:59;29", 2_589_407),
    ],
)
def test_drop_frame_labels(text: str, frames: int) -> None:
    timecode = Timecode.parse(text, NTSC_30)
    assert timecode.frames == frames
    assert str(timecode) == text


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1:00:00:00", Fraction(25)),
        ("00:00:00:25", Fraction(25)),
        ("00:61:00:00", Fraction(25)),
        ("00:00:61:00", Fraction(25)),
        ("00:00:00;00", Fraction(25)),
        ("00:01:00;01", NTSC_30),
        ("00:01:00;03", NTSC_60),
        ("noon", Fraction(24)),
        ("", Fraction(24)),
    ],
)
def test_labels_no_frame_carries_are_refused(text: str, rate: Fraction) -> None:
    with pytest.raises(BadInput):
        Timecode.parse(text, rate)


@given(
    frames=st.integers(0, 24 * 3600 * 23),
    rate=st.sampled_from([NTSC_24, Fraction(24), Fraction(25), NTSC_30, Fraction(30), Fraction(50), NTSC_60]),
    drop=st.booleans(),
)
def test_every_frame_has_one_label(frames: int, rate: Fraction, drop: bool) -> None:
    drop = drop and rate in (NTSC_30, NTSC_60)
    timecode = Timecode(frames, rate, drop)
    assert Timecode.parse(str(timecode), rate) == timecode
    assert timecode.seconds * rate == frames


@given(frames=st.integers(0, 10**6))
def test_drop_frame_stays_with_the_clock(frames: int) -> None:
    hours, minutes, seconds, frame = (
        int(part) for part in str(Timecode(frames, NTSC_30, True)).replace(";", ":").split(":")
    )
    label = 3600 * hours + 60 * minutes + seconds + Fraction(frame, 30)
    assert abs(label - frames / NTSC_30) < Fraction(1, 10)
