import struct
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dubline.audio.bext import Bext
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter, read_chunk
from dubline.errors import BadInput

LAYOUTS = ["mono", "stereo", "3.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1"]
RATES = [8_000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000]


@settings(max_examples=80, deadline=None)
@given(
    layout=st.sampled_from(LAYOUTS),
    rate=st.sampled_from(RATES),
    sample_format=st.sampled_from(["f32", "s24"]),
    data=st.data(),
)
def test_what_is_written_is_read_again(layout, rate, sample_format, data):
    channels = Layout.parse(layout).channels
    frames = data.draw(st.integers(0, 50))
    samples = data.draw(arrays(np.float32, (frames, channels), elements=st.floats(-1, 1, width=32)))
    cut = data.draw(st.integers(0, frames))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        with WavWriter(path, rate=rate, layout=Layout.parse(layout), sample_format=sample_format) as writer:
            writer.write(samples[:cut])
            writer.write(samples[cut:])
        assert path.stat().st_size % 2 == 0
        with WavReader(path) as reader:
            assert (reader.rate, reader.frames, reader.layout) == (rate, frames, Layout.parse(layout))
            found = reader.read()
            blocks = list(reader.blocks(7))
    if sample_format == "f32":
        np.testing.assert_array_equal(found, samples)
    else:
        # Half a step of rounding, and one whole step at +1.0, which has no code.
        np.testing.assert_allclose(found, samples, rtol=0, atol=2**-23)
    np.testing.assert_array_equal(np.concatenate([found[:0], *blocks]), found)


@pytest.mark.parametrize("sample_format", ["f32", "s24"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_others_read_the_same_layout_and_samples(layout, sample_format, tmp_path, write_wav):
    channels = Layout.parse(layout).channels
    samples = (np.random.default_rng(0).uniform(-1, 1, (4_800, channels)) * 0.9).astype(np.float32)
    path = write_wav(tmp_path / "a.wav", samples, layout=layout, sample_format=sample_format)
    with av.open(path, format="wav") as container:
        stream = container.streams.audio[0]
        assert stream.layout.name == layout
        assert stream.codec_context.name == {"f32": "pcm_f32le", "s24": "pcm_s24le"}[sample_format]
        decoded = np.concatenate([frame.to_ndarray().reshape(-1, channels) for frame in container.decode(stream)])
    scale = 1 if sample_format == "f32" else 2**31
    np.testing.assert_allclose(decoded / scale, samples, rtol=0, atol=2**-23)


def test_float_keeps_what_lies_above_full_scale(tmp_path, write_wav):
    samples = np.array([[2.5, -3.0]], dtype=np.float32)
    with WavReader(write_wav(tmp_path / "a.wav", samples)) as reader:
        np.testing.assert_array_equal(reader.read(), samples)


@pytest.mark.parametrize("value", [1.0001, -1.0001])
def test_24_bit_refuses_to_clip(value, tmp_path, write_wav):
    with pytest.raises(BadInput, match="exceed full scale"):
        write_wav(tmp_path / "a.wav", np.array([[value, 0]], dtype=np.float32), sample_format="s24")


def test_stems_rounded_to_24_bit_still_sum_to_the_mix(tmp_path, write_wav):
    rng = np.random.default_rng(1)
    stems = [(rng.uniform(-0.3, 0.3, (1_000, 2))).astype(np.float32) for _ in range(3)]
    names = [write_wav(tmp_path / f"{i}.wav", stem, sample_format="s24") for i, stem in enumerate(stems)]
    total = sum(WavReader(name).read().astype(np.float64) for name in names)
    assert np.abs(total - sum(stem.astype(np.float64) for stem in stems)).max() < 10 ** (-90 / 20)


def test_the_same_samples_give_the_same_bytes(tmp_path, write_wav):
    samples = np.random.default_rng(2).standard_normal((1_000, 2)).astype(np.float32)
    assert write_wav(tmp_path / "a.wav", samples).read_bytes() == write_wav(tmp_path / "b.wav", samples).read_bytes()


@pytest.mark.parametrize("start", [0, 1, 999, 1_000])
def test_reading_from_a_frame_on(start, tmp_path, write_wav):
    samples = np.arange(2_000, dtype=np.float32).reshape(1_000, 2)
    with WavReader(write_wav(tmp_path / "a.wav", samples)) as reader:
        blocks = list(reader.blocks(300, start=start))
    np.testing.assert_array_equal(np.concatenate([samples[:0], *blocks]), samples[start:])


@pytest.mark.parametrize(
    ("layout", "sample_format", "hours"), [("5.1", "f32", 1.5), ("stereo", "s24", 5.0), ("stereo", "f32", 3.2)]
)
def test_past_4_gib_the_file_is_rf64(layout, sample_format, hours, tmp_path):
    """EBU Tech 3306; the samples are a hole in a sparse file."""
    path = tmp_path / "long.wav"
    frames = round(hours * 3_600 * 48_000)
    writer = WavWriter(path, rate=48_000, layout=Layout.parse(layout), sample_format=sample_format)
    writer.write(np.zeros((1, writer.layout.channels), dtype=np.float32))
    writer.frames = frames
    writer.close()
    header = path.read_bytes()
    align = writer.layout.channels * {"f32": 4, "s24": 3}[sample_format]
    assert header[:16] == b"RF64\xff\xff\xff\xffWAVEds64"
    riff, data, count, table = struct.unpack_from("<QQQI", header, 20)
    assert (data, count, table) == (frames * align, frames, 0)
    at = header.index(b"data")
    assert header[at + 4 : at + 8] == b"\xff\xff\xff\xff"
    with path.open("r+b") as file:
        file.truncate(at + 8 + data)
    assert riff == path.stat().st_size - 8
    with WavReader(path) as reader:
        assert (reader.frames, reader.layout.name) == (frames, layout)
        assert sum(map(len, reader.blocks(start=frames - 100_000))) == 100_000


def test_up_to_4_gib_the_room_for_ds64_is_junk(tmp_path, write_wav):
    header = write_wav(tmp_path / "a.wav", np.zeros((10, 2), dtype=np.float32)).read_bytes()
    assert (header[:4], header[8:16]) == (b"RIFF", b"WAVEJUNK")
    assert struct.unpack_from("<I", header, 4)[0] == len(header) - 8


@pytest.mark.parametrize("reference", [0, 172_972_800, 2**40])
def test_the_broadcast_chunk_carries_the_start_time(reference, tmp_path, write_wav):
    bext = Bext(description="M&E", originator="dubline", time_reference=reference).to_bytes()
    assert len(bext) == 602
    path = write_wav(tmp_path / "a.wav", np.zeros((10, 2), dtype=np.float32), bext=bext)
    with av.open(path, format="wav") as container:
        found = container.metadata
        assert int(found.get("time_reference", 0)) == reference
        assert (found["comment"], found["encoded_by"]) == ("M&E", "dubline")
    with WavReader(path) as reader:
        assert (reader.frames, reader.layout.name) == (10, "stereo")


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=80), name=st.sampled_from([b"bext", b"iXML", b"fmt "]), cut=st.integers(0, 200))
def test_a_chunk_is_found_or_not_in_any_bytes(body, name, cut):
    whole = b"RIFF\0\0\0\0WAVEJUNK\3\0\0\0abc\0" + name + struct.pack("<I", len(body)) + body
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.wav"
        path.write_bytes(whole)
        assert read_chunk(path, name) == body
        assert read_chunk(path, b"none") is None
        for broken in (body, whole[:cut], b"RIFF\0\0\0\0WAVE" + body):
            path.write_bytes(broken)
            assert read_chunk(path, name) is None or name in broken


def test_an_untagged_file_takes_the_customary_layout(tmp_path):
    path = tmp_path / "plain.wav"
    soundfile.write(path, np.zeros((10, 2)), 48_000, subtype="PCM_16")
    with WavReader(path) as reader:
        assert reader.layout.name == "stereo"


def test_formats_without_a_mask_take_it_too(tmp_path):
    path = tmp_path / "plain.flac"
    soundfile.write(path, np.zeros((10, 1)), 48_000)
    with WavReader(path) as reader:
        assert reader.layout.name == "mono"


@pytest.mark.parametrize("body", [b"", b"not sound", b"RIFF\x04\0\0\0WAVE"])
def test_what_is_not_audio_is_refused(body, tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(body)
    with pytest.raises(BadInput, match="cannot be read as audio"):
        WavReader(path)


def test_missing_files_folders_and_nameless_layouts_are_refused(tmp_path):
    seven = tmp_path / "seven.wav"
    soundfile.write(seven, np.zeros((10, 7)), 48_000)
    for path in (tmp_path / "missing.wav", tmp_path, seven):
        with pytest.raises(BadInput):
            WavReader(path)


def test_a_block_of_another_layout_is_a_mistake(tmp_path, write_wav):
    with pytest.raises(ValueError, match="does not fit stereo"):
        write_wav(tmp_path / "a.wav", np.zeros((10, 3), dtype=np.float32))
