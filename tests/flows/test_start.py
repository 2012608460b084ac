"""Where a dub begins, in every way an order may say it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dubline.audio.bext import Bext
from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput
from dubline.media.streams import Color, Media, VideoStream
from flows.order import Dub
from flows.start import start_frames

FILM, NTSC, PAL = Fraction(24), Fraction(30000, 1001), Fraction(25)


def master(rate: Fraction, timecode: str | None) -> Media:
    picture = VideoStream(0, "h264", 1920, 1080, None, rate, 100, True, False, Fraction(0), 4.0, Color(), sha256="")
    return Media("m.mov", "mov", 4.0, picture, (), (), (), (), timecode)


def begins(media: Media, **start: object) -> int:
    dub = Dub.model_validate({"language": "fr", "dialogue": "dub.wav", **start})
    return start_frames(dub, media, rate=48000, where="order.yaml")


@pytest.mark.parametrize(
    ("rate", "timecode", "start", "samples"),
    [
        (FILM, "01:00:00:00", {}, 0),
        (FILM, "01:00:00:00", {"start": "00:00:02:12"}, 120_000),
        (FILM, None, {"start": "00:00:02:12"}, 120_000),
        (FILM, "01:00:00:00", {"start_timecode": "01:00:02:12"}, 120_000),
        (FILM, "01:00:00:00", {"start_timecode": "00:59:58:00"}, -96_000),
        (FILM, None, {"start_samples": -5}, -5),
        (FILM, "01:00:00:00", {"start_samples": 4711}, 4711),
        # 29.97 drop-frame skips two labels at the minute: 00:01:00;02 is frame 1800, 1801.8 samples each.
        (NTSC, "00:00:59;28", {"start_timecode": "00:01:00;02"}, 2 * 1601.6),
        (NTSC, "01:00:00;00", {"start": "00:01:00;02"}, 1800 * 1601.6),
        # An hour of labels at 29.97 non-drop lasts 3603.6 s.
        (NTSC, "00:00:00:00", {"start_timecode": "01:00:00:00"}, 3603.6 * 48000),
        (PAL, "10:00:00:00", {"start_timecode": "10:00:00:01"}, 1920),
    ],
)
def test_the_first_sample_lies_where_the_order_says(
    rate: Fraction, timecode: str | None, start: dict[str, object], samples: float
) -> None:
    assert begins(master(rate, timecode), **start) == round(samples)


@pytest.mark.parametrize("file_rate", [48000, 96000])
def test_a_broadcast_wav_says_itself_where_it_begins(file_rate: int, tmp_path: Path) -> None:
    path = tmp_path / "dub.wav"
    # 01:00:10:00 at 24 fps; TimeReference counts samples of the file's own rate.
    bext = Bext("dub", "test", 3610 * file_rate).to_bytes()
    with WavWriter(path, rate=file_rate, layout=Layout.parse("mono"), bext=bext) as writer:
        writer.write(np.zeros((10, 1), np.float32))
    assert begins(master(FILM, "01:00:00:00"), dialogue=str(path), start="bwf") == 480_000
    with pytest.raises(BadInput, match="no timecode to count from"):
        begins(master(FILM, None), dialogue=str(path), start="bwf")


@pytest.mark.parametrize(
    ("timecode", "start", "said"),
    [
        ("01:00:00:00", {"start": "00:00:02:24"}, "no frame 24"),
        ("01:00:00:00", {"start": "2.5"}, "is not a timecode"),
        ("01:00:00:00", {"start_timecode": "01:00:00;00"}, "drop-frame"),
        (None, {"start_timecode": "01:00:00:00"}, "no timecode to count from"),
    ],
)
def test_a_start_that_means_nothing_is_refused(timecode: str | None, start: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        begins(master(FILM, timecode), **start)


def test_a_file_without_time_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dub.wav"
    with WavWriter(path, rate=48000, layout=Layout.parse("mono")) as writer:
        writer.write(np.zeros((10, 1), np.float32))
    with pytest.raises(BadInput, match="no bext chunk"):
        begins(master(FILM, "01:00:00:00"), dialogue=str(path), start="bwf")
