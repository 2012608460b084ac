"""The OV mix out of its master: every sample in the picture's time, nothing invented, nothing lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput, Cancelled, EnvironmentFault
from dubline.media import ffmpeg
from dubline.media.decode import AudioDecoder
from dubline.media.demux import extract_audio, picture_start

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p")


def _tagged(path: Path) -> str:
    with AudioDecoder(path) as decoder:
        return decoder.layout.name


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1", "5.1(side)", "7.1"])
def test_float_sound_comes_out_bit_for_bit(
    film: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path, layout: str
) -> None:
    master = film(tmp_path / "film.mov", layout=layout, sound=("-c:a", "pcm_f32le"))
    done = extract_audio(master, out=tmp_path / "ov.wav")
    assert (done.layout, done.rate, done.frames) == (layout, 48000, 76_923)
    assert (done.lead_in_frames, done.trimmed_frames, done.filled_frames) == (0, 0, 0)
    np.testing.assert_array_equal(samples(tmp_path / "ov.wav"), samples(tmp_path / "film.mov.source.wav"))


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_rate_stays_native(film: Callable[..., Path], tmp_path: Path, rate: int) -> None:
    master = film(tmp_path / "film.mov", rate=rate, sound=("-c:a", "pcm_f32le"))
    assert extract_audio(master, out=tmp_path / "ov.wav").rate == rate


@pytest.mark.parametrize("kind", ["u8", "s16le", "s16be", "s24le", "s32le", "f64le"])
def test_integer_formats_keep_full_scale(
    wav: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path, kind: str
) -> None:
    source = wav(tmp_path / "in.wav", frames=5000)
    ffmpeg.run(
        ["-i", str(source), "-c:a", f"pcm_{kind}", str(tmp_path / "in.mka" if kind != "f64le" else tmp_path / "in.caf")]
    )
    with AudioDecoder(tmp_path / ("in.mka" if kind != "f64le" else "in.caf")) as decoder:
        decoded = np.concatenate(list(decoder.blocks()))
    step = {"u8": 2**-7, "s16le": 2**-15, "s16be": 2**-15}.get(kind, 2**-23)
    assert np.abs(decoded - samples(source)).max() <= step


@pytest.mark.parametrize(
    ("name", "codec", "layout"),
    [
        ("film.mov", "aac", "stereo"),
        ("film.mp4", "aac", "7.1"),
        ("film.mov", "ac3", "5.1"),
        ("film.mp4", "eac3", "5.1"),
        ("film.mkv", "aac", "stereo"),
        ("film.mkv", "libopus", "stereo"),
        ("film.mkv", "flac", "5.1(side)"),
        ("film.mov", "alac", "stereo"),
        ("film.mkv", "libmp3lame", "stereo"),
    ],
)
def test_length_and_samples_are_those_ffmpeg_decodes(
    film: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path, name: str, codec: str, layout: str
) -> None:
    master = film(tmp_path / name, layout=layout, sound=("-c:a", codec))
    done = extract_audio(master, out=tmp_path / "ov.wav")
    command = [ffmpeg.binary(), "-v", "error", "-i", master, "-map", "0:a", "-f", "f32le", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    theirs = np.frombuffer(raw, np.float32).reshape(-1, Layout.parse(done.layout).channels)
    ours = samples(tmp_path / "ov.wav")[done.lead_in_frames :]
    assert len(ours) == len(theirs) - done.trimmed_frames
    np.testing.assert_allclose(ours, theirs[done.trimmed_frames :], atol=1e-6)


@pytest.mark.parametrize("name", ["film.mov", "film.mp4", "film.mkv"])
@pytest.mark.parametrize("shift", [0.5, -0.3])
def test_sound_that_starts_early_or_late_is_put_in_its_place(
    film: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path, name: str, shift: float
) -> None:
    whole = film(tmp_path / "whole.mov", sound=("-c:a", "pcm_s24le"))
    source = samples(tmp_path / "whole.mov.source.wav")
    codec = "flac" if name.endswith("mp4") else "pcm_s24le"
    # A film whose sound is ``shift`` seconds off its picture, said by time stamps only.
    offsets = ("-itsoffset", str(max(-shift, 0)), "-i", str(whole), "-itsoffset", str(max(shift, 0)), "-i", str(whole))
    moved = tmp_path / name
    strict = ("-strict", "-2")
    ffmpeg.run([*offsets, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", codec, *strict, str(moved)])
    done = extract_audio(moved, out=tmp_path / "ov.wav")
    found = samples(tmp_path / "ov.wav")
    frames = round(abs(shift) * 48000)
    # Matroska says when to a millisecond: 48 samples.
    slack = 48 if name.endswith("mkv") else 1
    if shift > 0:
        assert abs(done.lead_in_frames - frames) <= slack
        assert done.trimmed_frames == 0
        assert not found[: done.lead_in_frames].any()
        np.testing.assert_allclose(found[done.lead_in_frames :], source, atol=2**-22)
    else:
        assert abs(done.trimmed_frames - frames) <= slack
        assert done.lead_in_frames == 0
        np.testing.assert_allclose(found, source[done.trimmed_frames :], atol=2**-22)


def test_rounding_of_the_containers_clock_moves_nothing(
    film: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path
) -> None:
    master = film(tmp_path / "film.mkv", sound=("-c:a", "pcm_f32le"), frame_rate="24000/1001")
    late = tmp_path / "late.mkv"
    ffmpeg.run(
        [
            "-i",
            str(master),
            "-itsoffset",
            "0.001",
            "-i",
            str(master),
            "-map",
            "0:v",
            "-map",
            "1:a",
            "-c",
            "copy",
            str(late),
        ]
    )
    done = extract_audio(late, out=tmp_path / "ov.wav")
    assert (done.lead_in_frames, done.trimmed_frames) == (0, 0)
    np.testing.assert_array_equal(samples(tmp_path / "ov.wav"), samples(tmp_path / "film.mkv.source.wav"))


def test_a_hole_is_filled_so_that_nothing_drifts(
    film: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path
) -> None:
    master = film(tmp_path / "film.mkv", sound=("-c:a", "pcm_f32le"))
    holed = tmp_path / "holed.mkv"
    # Leaves out the packets between 0.5 s and 1.0 s and keeps everyone else's time stamps.
    drop = "noise=drop='between(pts,500,1000)'"
    ffmpeg.run(["-i", str(master), "-map", "0", "-c", "copy", "-bsf:a", drop, str(holed)])
    done = extract_audio(holed, out=tmp_path / "ov.wav")
    source, found = samples(tmp_path / "film.mkv.source.wav"), samples(tmp_path / "ov.wav")
    assert abs(done.filled_frames - 24_000) < 5000
    assert abs(done.frames - len(source)) <= 48
    np.testing.assert_array_equal(found[:23_000], source[:23_000])
    assert not found[26_000:46_000].any()
    tail = source[-20_000:]
    drift = min(
        range(-48, 49),
        key=lambda lag: float(np.abs(np.roll(found, lag, axis=0)[-19_000:-1000] - tail[1000:-1000]).sum()),
    )
    assert abs(drift) <= 48


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_the_machines_fault(wav: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="No space left"):
        extract_audio(wav(tmp_path / "in.wav"), out=Path("/dev/full"))


@pytest.mark.parametrize(("name", "codec"), [("film.mkv", "flac"), ("film.mp4", "aac")])
def test_sound_that_does_not_decode_is_refused(
    film: Callable[..., Path], tmp_path: Path, name: str, codec: str
) -> None:
    master = film(tmp_path / name, sound=("-c:a", codec))
    with av.open(str(master)) as opened:
        places = [(packet.pos, packet.size) for packet in opened.demux(audio=0) if packet.size]
    spoiled = bytearray(master.read_bytes())
    for pos, size in places[len(places) // 2 :][:3]:
        spoiled[pos + 8 : pos + size] = bytes(0xA5 ^ (step * 7 & 0xFF) for step in range(size - 8))
    master.write_bytes(spoiled)
    with pytest.raises(BadInput, match="does not decode at"):
        extract_audio(master, out=tmp_path / "ov.wav")


def test_the_chosen_stream_is_the_one_extracted(
    film: Callable[..., Path], wav: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path
) -> None:
    second = wav(tmp_path / "second.wav", seed=9, layout="mono")
    inputs = ("-i", str(second))
    master = film(tmp_path / "film.mov", inputs=inputs, more=("-map", "2:a"), sound=("-c:a", "pcm_f32le"))
    assert extract_audio(master, stream=1, out=tmp_path / "ov.wav").layout == "mono"
    np.testing.assert_array_equal(samples(tmp_path / "ov.wav"), samples(second))
    for stream in (2, -1):
        with pytest.raises(BadInput, match="no audio stream"):
            extract_audio(master, stream=stream, out=tmp_path / "none.wav")


def test_untagged_sound_takes_the_customary_layout(film: Callable[..., Path], tmp_path: Path) -> None:
    # Matroska does not name the layout of PCM.
    assert _tagged(film(tmp_path / "film.mkv", layout="5.1", sound=("-c:a", "pcm_s24le"))) == "5.1"


def test_a_picture_cut_in_on_still_starts_at_zero(film: Callable[..., Path], tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mov", more=("-g", "50"))
    cut = tmp_path / "cut.mov"
    ffmpeg.run(["-ss", "0.5", "-i", str(whole), "-c", "copy", str(cut)])
    # The frames before the cut are stored, and hidden by an edit list.
    assert picture_start(cut) == Fraction(0)
    assert extract_audio(cut, out=tmp_path / "ov.wav").frames == pytest.approx(76_923 - 24_000, abs=1200)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, poison: float) -> None:
    bad = np.zeros((30_000, 2), np.float32)
    bad[20_000, 1] = poison
    with WavWriter(tmp_path / "bad.wav", rate=48000, layout=Layout.parse("stereo")) as writer:
        writer.write(bad)
    with pytest.raises(BadInput, match="not numbers"):
        extract_audio(tmp_path / "bad.wav", out=tmp_path / "ov.wav")


def test_no_samples_are_refused(wav: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no samples"):
        extract_audio(wav(tmp_path / "nothing.wav", frames=0), out=tmp_path / "ov.wav")


def test_seven_channels_are_refused(wav: Callable[..., Path], tmp_path: Path) -> None:
    source, seven = wav(tmp_path / "in.wav", layout="7.1"), tmp_path / "seven.wav"
    ffmpeg.run(["-i", str(source), "-af", "pan=7c|c0=c0|c1=c1|c2=c2|c3=c3|c4=c4|c5=c5|c6=c6", str(seven)])
    with pytest.raises(BadInput):
        extract_audio(seven, out=tmp_path / "ov.wav")


def test_blocks_are_of_the_size_asked_for(
    wav: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path
) -> None:
    source = wav(tmp_path / "in.wav", frames=10_001)
    for size in (1000, 4096, 65_536):
        with AudioDecoder(source) as decoder:
            blocks = list(decoder.blocks(size))
        assert [len(block) for block in blocks[:-1]] == [size] * (len(blocks) - 1)
        assert blocks[0].dtype == np.float32
        np.testing.assert_array_equal(np.concatenate(blocks), samples(source))


def test_progress_and_cancel(wav: Callable[..., Path], tmp_path: Path) -> None:
    source, seen = wav(tmp_path / "in.wav", frames=200_000), []
    extract_audio(source, out=tmp_path / "ov.wav", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (200_000, 200_000)
    with pytest.raises(Cancelled):
        extract_audio(source, out=tmp_path / "ov.wav", cancelled=lambda: True)


def test_the_extract_is_the_same_bytes_every_time(film: Callable[..., Path], tmp_path: Path) -> None:
    master = film(tmp_path / "film.mp4", sound=("-c:a", "aac"))
    for name in ("one.wav", "two.wav"):
        extract_audio(master, out=tmp_path / name)
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    with WavReader(tmp_path / "one.wav") as reader:
        assert reader.layout.name == "stereo"
