"""Broadcast WAV opened by strangers: PyAV, libsndfile, an XML parser."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import av
import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from dubline.audio.bext import UNDEFINED, Bext, LoudnessFields
from dubline.audio.broadcast import write_broadcast, write_channels, write_stem
from dubline.audio.ixml import Slate
from dubline.audio.layout import Layout
from dubline.audio.speakers import format_name, speaker_names
from dubline.audio.wav import WavReader, WavWriter, read_chunk
from dubline.errors import BadInput, Cancelled

SLATE = Slate("Glass Harbor", "Glass Harbor, French", 172_972_800, Fraction(24000, 1001), language="fr-FR")
WriteWav = Callable[..., Path]


@pytest.fixture
def surround() -> npt.NDArray[np.float32]:
    return np.random.default_rng(4).uniform(-0.9, 0.9, (4_801, 6)).astype(np.float32)


@pytest.mark.parametrize(("sample_format", "codec"), [("s24", "pcm_s24le"), ("f32", "pcm_f32le")])
@pytest.mark.parametrize("layout", ["5.1", "5.1(side)"])
def test_interleaved(
    layout: str, sample_format: str, codec: str, surround: npt.NDArray[np.float32], tmp_path: Path, write_wav: WriteWav
) -> None:
    source, out = write_wav(tmp_path / "mix.wav", surround, layout=layout), tmp_path / "out.wav"
    loudness = LoudnessFields(-23.01, 6.5, -2.0, -15.0, -18.0)
    write_broadcast(source, out, slate=SLATE, sample_format=sample_format, loudness=loudness)
    with av.open(str(out)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.layout.name) == (codec, layout)
        assert container.metadata["time_reference"] == "172972800"
        assert container.metadata["coding_history"].startswith("A=PCM,F=48000,W=")
    np.testing.assert_allclose(soundfile.read(out)[0], surround, atol=2**-24)
    bext = Bext.from_bytes(read_chunk(out, b"bext") or b"")
    assert (bext.loudness, bext.description) == (loudness, "Glass Harbor, French")
    root = ElementTree.fromstring(read_chunk(out, b"iXML") or b"")
    assert [track.findtext("NAME") for track in root.iter("TRACK")] == ["L", "R", "C", "LFE", "Ls", "Rs"]
    assert root.findtext("SPEED/TIMECODE_RATE") == "24000/1001"


def test_one_file_per_channel(surround: npt.NDArray[np.float32], tmp_path: Path, write_wav: WriteWav) -> None:
    source = write_wav(tmp_path / "mix.wav", surround, layout="5.1(side)")
    names = speaker_names(Layout.parse("5.1(side)"))
    outs = [tmp_path / f"mix.{name}.wav" for name in names]
    write_channels(source, outs, slate=SLATE, sample_format="s24")
    for column, (name, out) in enumerate(zip(names, outs, strict=True)):
        samples, rate = soundfile.read(out)
        assert (samples.ndim, rate) == (1, 48_000)
        np.testing.assert_allclose(samples, surround[:, column], atol=2**-24)
        root = ElementTree.fromstring(read_chunk(out, b"iXML") or b"")
        assert [track.findtext("NAME") for track in root.iter("TRACK")] == [name]
        bext = Bext.from_bytes(read_chunk(out, b"bext") or b"")
        # The loudness of one channel is not the mix's.
        assert (bext.time_reference, bext.loudness) == (172_972_800, UNDEFINED)


def test_24_bits_are_refused_where_they_would_clip_and_a_stem_takes_float(tmp_path: Path, write_wav: WriteWav) -> None:
    hot = write_wav(tmp_path / "hot.wav", np.array([[1.5, 0.0]], dtype=np.float32))
    with pytest.raises(BadInput, match="exceed full scale"):
        write_broadcast(hot, tmp_path / "out.wav", slate=SLATE, sample_format="s24")
    assert write_stem(hot, tmp_path / "stem.wav", slate=SLATE) == "f32"
    with WavReader(tmp_path / "stem.wav") as reader:
        assert reader.read()[0, 0] == 1.5


def test_writing_can_be_stopped(tmp_path: Path, write_wav: WriteWav) -> None:
    source = write_wav(tmp_path / "mix.wav", np.zeros((10, 2), dtype=np.float32))
    with pytest.raises(Cancelled):
        write_broadcast(source, tmp_path / "o.wav", slate=SLATE, sample_format="s24", cancelled=lambda: True)


def test_the_same_sound_gives_the_same_bytes(
    surround: npt.NDArray[np.float32], tmp_path: Path, write_wav: WriteWav
) -> None:
    source = write_wav(tmp_path / "mix.wav", surround, layout="5.1")
    for name in "ab":
        write_broadcast(source, tmp_path / name, slate=SLATE, sample_format="s24")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_past_4_gib_strangers_find_the_chunks_and_the_last_sample(tmp_path: Path) -> None:
    """RF64 (EBU Tech 3306); all but the end is a hole in a sparse file."""
    path, frames = tmp_path / "long.wav", 260_000_000
    bext = Bext("Glass Harbor", "dubline", 172_800_000).to_bytes()
    writer = WavWriter(path, rate=48_000, layout=Layout.parse("5.1"), sample_format="s24", bext=bext, ixml=b"<a/>")
    writer.frames = frames
    writer.close()
    header = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(header + frames * 18)
        file.seek(-18, 2)
        file.write(b"\0\0\x40" * 6)
    _last_sample_is_half(path, frames)
    assert read_chunk(path, b"iXML") == b"<a/>"


@pytest.mark.slow
def test_a_real_file_past_4_gib(tmp_path: Path) -> None:
    path, block = tmp_path / "long.wav", np.zeros((1 << 22, 6), dtype=np.float32)
    blocks = 43
    with WavWriter(path, rate=48_000, layout=Layout.parse("5.1"), ixml=b"<a/>") as writer:
        for number in range(blocks):
            block[-1] = 0.5 if number == blocks - 1 else 0.0
            writer.write(block)
    assert path.stat().st_size > 1 << 32
    _last_sample_is_half(path, blocks << 22)
    path.unlink()


def _last_sample_is_half(path: Path, frames: int) -> None:
    with path.open("rb") as plain:
        assert plain.read(4) == b"RF64"
    with soundfile.SoundFile(path) as file:
        assert file.frames == frames
        file.seek(frames - 1)
        np.testing.assert_array_equal(file.read(1), [[0.5] * 6])
    with av.open(str(path), format="wav") as container:
        stream = container.streams.audio[0]
        assert (stream.duration, stream.layout.name) == (frames, "5.1")
        container.seek(frames - 10, stream=stream)
        for frame in container.decode(stream):
            last = frame.to_ndarray().reshape(-1, 6)[-1]
        np.testing.assert_array_equal(last, [1 << 30 if last.dtype.kind == "i" else 0.5] * 6)


@pytest.mark.parametrize(
    ("layout", "names", "form"),
    [
        ("mono", "C", "1.0"),
        ("stereo", "L R", "2.0"),
        ("5.1", "L R C LFE Ls Rs", "5.1"),
        ("5.1(side)", "L R C LFE Ls Rs", "5.1"),
        ("7.1", "L R C LFE Lrs Rrs Lss Rss", "7.1"),
        ("7.1.4", "L R C LFE Lrs Rrs Lss Rss Ltf Rtf Ltr Rtr", "7.1.4"),
    ],
)
def test_what_studios_call_the_channels(layout: str, names: str, form: str) -> None:
    assert speaker_names(Layout.parse(layout)) == tuple(names.split())
    assert format_name(Layout.parse(layout)) == form
