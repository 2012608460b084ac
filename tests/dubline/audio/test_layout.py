import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.layout import MASK_BITS, Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput

FLAT = ["mono", "stereo", "3.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1"]
NAMES = [*FLAT, "5.1.2", "5.1.2(back)", "5.1.4", "7.1.2", "7.1.4"]


@pytest.mark.parametrize("name", NAMES)
def test_tags_follow_the_order_of_the_channel_mask(name):
    layout = Layout.parse(name)
    bits = [MASK_BITS[tag] for tag in layout.tags]
    assert bits == sorted(bits)
    assert layout.channels == len(set(layout.tags))
    assert [layout.index(tag) for tag in layout.tags] == list(range(layout.channels))


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_names_its_layout(name):
    layout = Layout.parse(name)
    assert Layout.from_mask(layout.mask, layout.channels) == layout


def test_masks_of_the_format():
    # Microsoft, Multiple channel audio data and WAVE files.
    assert {name: Layout.parse(name).mask for name in NAMES} == {
        "mono": 0x4,
        "stereo": 0x3,
        "3.0": 0x7,
        "quad": 0x33,
        "5.0": 0x37,
        "5.0(side)": 0x607,
        "5.1": 0x3F,
        "5.1(side)": 0x60F,
        "7.1": 0x63F,
        "5.1.2": 0x560F,
        "5.1.2(back)": 0x503F,
        "5.1.4": 0x2D60F,
        "7.1.2": 0x563F,
        "7.1.4": 0x2D63F,
    }


@pytest.mark.parametrize("name", NAMES)
def test_names_and_tags_are_those_of_ffmpeg(name):
    theirs = av.AudioLayout(name)
    assert tuple(channel.name for channel in theirs.channels) == Layout.parse(name).tags


@pytest.mark.parametrize("name", NAMES)
def test_ffmpeg_reads_the_mask_in_a_wav(name, tmp_path):
    with WavWriter(tmp_path / "a.wav", rate=48_000, layout=Layout.parse(name)) as writer:
        writer.write(np.zeros((480, writer.layout.channels), dtype=np.float32))
    with av.open(tmp_path / "a.wav") as container:
        assert container.streams.audio[0].layout.name == name
    with WavReader(tmp_path / "a.wav") as reader:
        assert reader.layout == Layout.parse(name)


@pytest.mark.parametrize(
    ("channels", "name"),
    [(1, "mono"), (2, "stereo"), (3, "3.0"), (4, "quad"), (5, "5.0"), (6, "5.1"), (8, "7.1"), (12, "7.1.4")],
)
def test_untagged_streams_take_the_customary_layout(channels, name):
    assert Layout.default(channels).name == Layout.from_mask(0, channels).name == name


@pytest.mark.parametrize("channels", [0, 7, 9, 10, 16])
def test_a_channel_count_without_a_name_is_refused(channels):
    with pytest.raises(BadInput, match="without a layout"):
        Layout.default(channels)


def test_an_unknown_name_is_refused():
    with pytest.raises(BadInput, match=r"'22\.2' has no name dubline knows"):
        Layout.parse("22.2")


@given(st.integers(1, 0x3FFFF), st.integers(1, 16))
def test_a_mask_is_named_exactly_or_refused(mask, channels):
    known = {(Layout.parse(name).mask, Layout.parse(name).channels) for name in NAMES}
    if (mask, channels) in known:
        assert Layout.from_mask(mask, channels).mask == mask
    else:
        with pytest.raises(BadInput, match="has no name"):
            Layout.from_mask(mask, channels)


@pytest.mark.parametrize(
    ("name", "lfe", "center", "pairs"),
    [
        ("mono", None, 0, ()),
        ("stereo", None, None, ((0, 1),)),
        ("quad", None, None, ((0, 1), (2, 3))),
        ("5.1", 3, 2, ((0, 1), (4, 5))),
        ("5.1(side)", 3, 2, ((0, 1), (4, 5))),
        ("7.1", 3, 2, ((0, 1), (6, 7), (4, 5))),
        ("5.1.2", 3, 2, ((0, 1), (4, 5), (6, 7))),
        ("7.1.4", 3, 2, ((0, 1), (6, 7), (4, 5), (8, 9), (10, 11))),
    ],
)
def test_columns_of_lfe_center_and_pairs(name, lfe, center, pairs):
    layout = Layout.parse(name)
    assert (layout.lfe, layout.center, layout.pairs) == (lfe, center, pairs)


def test_a_tag_the_layout_lacks():
    with pytest.raises(KeyError):
        Layout.parse("stereo").index("LFE")
