"""Timecode against the published cases: ST 12-1 drop-frame, EBU Tech 3285 TimeReference."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.media.timecode import Timecode

NTSC_24, NTSC_30, NTSC_60 = (Fraction(rate * 1000, 1001) for rate in (24, 30, 60))


# Samples from midnight at 48, 44.1 and 96 kHz, worked out by hand: frames x samples per frame, to the nearest one.
# 01:00:00:00 is 3600 x the labels per second, 09:59:58:00 is 35 998 x; a frame at 23.976 is 2002 samples of 48 kHz.
# Drop-frame has left out 108 labels in the first hour and 1080 by 09:59:58 (216 and 2160 at 59.94), and a frame at
# 29.97 is 1601.6 samples: 107 892 x 1601.6 = 172 799 827.2.
TIME_REFERENCES = {
    (NTSC_24, "01:00:00:00"): (172_972_800, 158_918_760, 345_945_600),
    (NTSC_24, "09:59:58:00"): (1_729_631_904, 1_589_099_312, 3_459_263_808),
    (Fraction(24), "01:00:00:00"): (172_800_000, 158_760_000, 345_600_000),
    (Fraction(24), "09:59:58:00"): (1_727_904_000, 1_587_511_800, 3_455_808_000),
    (Fraction(25), "01:00:00:00"): (172_800_000, 158_760_000, 345_600_000),
    (Fraction(25), "09:59:58:00"): (1_727_904_000, 1_587_511_800, 3_455_808_000),
    (NTSC_30, "01:00:00:00"): (172_972_800, 158_918_760, 345_945_600),
    (NTSC_30, "09:59:58:00"): (1_729_631_904, 1_589_099_312, 3_459_263_808),
    (NTSC_30, "01:00:00;00"): (172_799_827, 158_759_841, 345_599_654),
    (NTSC_30, "09:59:58;00"): (1_727_902_176, 1_587_510_124, 3_455_804_352),
    (Fraction(30), "01:00:00:00"): (172_800_000, 158_760_000, 345_600_000),
    (Fraction(30), "09:59:58:00"): (1_727_904_000, 1_587_511_800, 3_455_808_000),
    (Fraction(50), "01:00:00:00"): (172_800_000, 158_760_000, 345_600_000),
    (Fraction(50), "09:59:58:00"): (1_727_904_000, 1_587_511_800, 3_455_808_000),
    (NTSC_60, "01:00:00:00"): (172_972_800, 158_918_760, 345_945_600),
    (NTSC_60, "09:59:58:00"): (1_729_631_904, 1_589_099_312, 3_459_263_808),
    (NTSC_60, "01:00:00;00"): (172_799_827, 158_759_841, 345_599_654),
    (NTSC_60, "09:59:58;00"): (1_727_902_176, 1_587_510_124, 3_455_804_352),
}


@pytest.mark.parametrize(("rate", "text"), TIME_REFERENCES)
def test_time_reference(rate: Fraction, text: str) -> None:
    timecode = Timecode.parse(text, rate)
    assert tuple(timecode.samples(hertz) for hertz in (48_000, 44_100, 96_000)) == TIME_REFERENCES[rate, text]


@pytest.mark.parametrize("rate", sorted({rate for rate, _ in TIME_REFERENCES}))
def test_the_day_begins_with_sample_0(rate: Fraction) -> None:
    assert Timecode.parse("00:00:00:00", rate).samples(48_000) == 0


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
