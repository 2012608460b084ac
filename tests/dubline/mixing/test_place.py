from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput, Cancelled
from dubline.mixing.place import ROOM_TONE_PEAK, PlacedDub, place_dub

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
Read = Callable[[Path], Samples]
Noise = Callable[..., Samples]


def place(dub: Path, *, frames: int, start: int = 0, rate: int = 48000, mix: str = "5.1") -> tuple[Path, PlacedDub]:
    out = dub.with_name("placed.wav")
    report = place_dub(dub, out=out, rate=rate, layout_of_mix=Layout.parse(mix), frames=frames, start=start)
    return out, report


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 200_000), start=st.integers(0, 100_000), spare=st.integers(0, 100_000))
def test_every_sample_lands_where_it_belongs(
    length: int, start: int, spare: int, write: Write, read: Read, noise: Noise
) -> None:
    dub, frames = noise(length, 2), start + length + spare
    out, report = place(write(dub, layout="stereo"), frames=frames, start=start)
    placed = read(out)
    assert placed.shape == (frames, 2)
    assert np.array_equal(placed[start : start + length], dub)
    assert not placed[:start].any() and not placed[start + length :].any()
    assert (report.dub_frames, report.cut_frames, report.start_frames) == (length, 0, start)
    assert not report.resampled and not report.silent


@pytest.mark.parametrize(("given_rate", "rate"), [(44100, 48000), (48000, 44100), (96000, 48000), (22050, 48000)])
def test_another_rate_is_resampled_in_place_and_said(given_rate: int, rate: int, write: Write, read: Read) -> None:
    def tone(frames: int, at_rate: int) -> Samples:
        at = np.arange(frames) / at_rate
        return (0.5 * np.sin(2 * np.pi * 997 * at) * np.hanning(frames)).astype(np.float32)[:, None]

    out, report = place(
        write(tone(given_rate, given_rate), layout="mono", rate=given_rate), frames=2 * rate, start=rate // 3, rate=rate
    )
    placed = read(out)
    assert np.abs(placed[rate // 3 : rate // 3 + rate] - tone(rate, rate)).max() < 1e-3
    assert (report.resampled, report.source_rate, report.rate, report.dub_frames) == (True, given_rate, rate, rate)


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_dub_as_long_as_the_picture_fits_at_any_rate(rate: int, write: Write, noise: Noise, read: Read) -> None:
    for frames in range(48000, 48020):
        dub = noise(round(frames * rate / 48000), 1)
        out, _ = place(write(dub, layout="mono", rate=rate), frames=frames)
        assert len(read(out)) == frames


def test_silence_past_the_end_is_cut_and_said(write: Write, noise: Noise, read: Read) -> None:
    dub = noise(48000)
    dub[40000:] = 0.0
    out, report = place(write(dub, layout="mono"), frames=45000, start=2000)
    assert report.cut_frames == 5000
    assert np.array_equal(read(out)[2000:], dub[:43000])


@pytest.mark.parametrize(("start", "over"), [(0, "1.000"), (24000, "1.500")])
def test_sound_past_the_end_is_refused_by_how_much(start: int, over: str, write: Write, noise: Noise) -> None:
    with pytest.raises(BadInput, match=f"runs {over} s past the end of the picture"):
        place(write(noise(96000), layout="mono"), frames=48000, start=start)


def test_a_start_past_the_picture_is_refused(write: Write, noise: Noise) -> None:
    with pytest.raises(BadInput, match=r"start before 1\.000 s"):
        place(write(noise(10), layout="mono"), frames=48000, start=48000)


def test_silence_before_the_picture_is_cut_and_sound_there_is_refused(write: Write, noise: Noise, read: Read) -> None:
    dub = noise(60000)
    dub[:24000] = 0.0
    out, report = place(write(dub, layout="mono"), frames=48000, start=-24000)
    assert np.array_equal(read(out)[:36000], dub[24000:]) and not read(out)[36000:].any()
    assert (report.cut_frames, report.cut_peak_dbfs, report.dub_frames) == (24000, None, 60000)
    dub[12000] = 0.5
    with pytest.raises(BadInput, match=r"begins 0.250 s before the picture"):
        place(write(dub, layout="mono"), frames=48000, start=-24000)


@pytest.mark.parametrize("speed", [Fraction(25, 24), Fraction(25025, 24000), Fraction(1000, 1001)])
@pytest.mark.parametrize("given_rate", [48000, 44100])
def test_a_dub_at_another_speed_is_resampled_to_the_picture_s_and_is_as_long_as_it_should(
    speed: Fraction, given_rate: int, write: Write, read: Read
) -> None:
    """A tone recorded at 25 fps is lower by 24/25 when the film runs at 24."""
    frames = 2 * given_rate
    at = np.arange(frames) / given_rate
    tone = (0.5 * np.sin(2 * np.pi * 997 * at) * np.hanning(frames)).astype(np.float32)[:, None]
    dub = write(tone, layout="mono", rate=given_rate)
    out = dub.with_name("placed.wav")
    report = place_dub(dub, out=out, rate=48000, layout_of_mix=Layout.parse("5.1"), frames=110000, speed=speed)
    assert report.dub_frames == round(frames * speed * 48000 / given_rate) and report.speed == str(speed)
    there = np.arange(report.dub_frames) / 48000 / float(speed)
    window = np.interp(there, at, np.hanning(frames))
    assert np.abs(read(out)[: report.dub_frames, 0] - 0.5 * np.sin(2 * np.pi * 997 * there) * window).max() < 1e-3


def test_room_tone_may_be_cut_and_is_said(write: Write, noise: Noise) -> None:
    dub = write(noise(60000, rms=1e-4), layout="mono")
    with pytest.raises(BadInput, match="past the end"):
        place(dub, frames=48000)
    out = dub.with_name("placed.wav")
    report = place_dub(
        dub, out=out, rate=48000, layout_of_mix=Layout.parse("5.1"), frames=48000, start=-100, cut_peak=ROOM_TONE_PEAK
    )
    assert report.cut_frames == 12000 and report.cut_peak_dbfs is not None and -75 < report.cut_peak_dbfs < -60


def test_a_silent_dub_goes_through_and_is_said(write: Write, read: Read) -> None:
    out, report = place(write(np.zeros((48000, 1)), layout="mono"), frames=50000)
    assert report.silent and report.peak_dbfs is None and not read(out).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(bad: float, write: Write, noise: Noise) -> None:
    dub = noise(48000)
    dub[24000] = bad
    with pytest.raises(BadInput, match="not numbers"):
        place(write(dub, layout="mono"), frames=48000)


def test_an_empty_dub_and_one_without_a_place_are_refused(write: Write, noise: Noise) -> None:
    with pytest.raises(BadInput, match="no samples"):
        place(write(np.zeros((0, 1)), layout="mono"), frames=48000)
    with pytest.raises(BadInput, match="LFE"):
        place(write(noise(10, 6), layout="5.1"), frames=48000, mix="stereo")


def test_the_dub_keeps_its_own_layout(write: Write, noise: Noise) -> None:
    out, report = place(write(noise(100), layout="mono"), frames=200, mix="7.1")
    with WavReader(out) as reader:
        assert (reader.layout.name, report.layout) == ("mono", "mono")


def test_it_can_be_cancelled(write: Write, noise: Noise) -> None:
    dub = write(noise(100), layout="mono")
    with pytest.raises(Cancelled):
        place_dub(
            dub, out=dub.with_name("o.wav"), rate=48000, layout_of_mix=Layout.parse("mono"), frames=100,
            cancelled=lambda: True,
        )  # fmt: skip
