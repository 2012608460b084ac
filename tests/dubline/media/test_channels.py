"""Whatever order a master keeps its channels in, we read L R C LFE Ls Rs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.decode import AudioDecoder
from dubline.media.demux import extract_audio
from dubline.media.probe import probe

LEVELS = {"FL": 0.01, "FR": 0.02, "FC": 0.03, "LFE": 0.04, "BL": 0.05, "BR": 0.06, "SL": 0.07, "SR": 0.08, "FLC": 0.09}


def master(path: Path, tags: str, codec: str) -> Path:
    """A file whose channels lie as ``tags`` say, each a constant that tells it."""
    values = "|".join(str(LEVELS[tag]) for tag in tags.split("+"))
    count = tags.count("+") + 1
    placed = f"aformat=channel_layouts={count}c,channelmap={'|'.join(map(str, range(count)))}:{tags}"
    source = ("-f", "lavfi", "-i", f"aevalsrc={values}:s=48000:d=0.1")
    ffmpeg.run(["-y", *source, "-af", placed, "-c:a", codec, str(path)])
    return path


@pytest.mark.parametrize(
    ("order", "codec", "layout"),
    [
        ("FL+FC+FR+SL+SR+LFE", "pcm_s24le", "5.1(side)"),  # film
        ("FC+FL+FR+SL+SR+LFE", "pcm_s24le", "5.1(side)"),  # MPEG
        ("FL+FR+BL+BR+FC+LFE", "pcm_f32le", "5.1"),
        ("FL+FC+FR+BL+BR+LFE", "alac", "5.1"),
        ("FL+FC+FR", "pcm_s16le", "3.0"),
        ("FL+FR+FC+LFE+SL+SR", "pcm_s24le", "5.1(side)"),
    ],
)
def test_channels_come_in_the_order_of_their_layout(order: str, codec: str, layout: str, tmp_path: Path) -> None:
    path = master(tmp_path / "master.mov", order, codec)
    # Every look may end the process where PyAV's own does.
    for _ in range(3):
        media = probe(path, need_picture=False)
        with AudioDecoder(path) as decoder:
            samples = np.concatenate(list(decoder.blocks()))
    assert (media.audio[0].layout, decoder.layout.name) == (layout, layout)
    expected = [LEVELS[tag] for tag in decoder.layout.tags]
    np.testing.assert_allclose(samples, np.tile(expected, (4800, 1)), atol=1e-4)
    assert extract_audio(path, out=tmp_path / "ov.wav").layout == layout


def test_channels_without_a_layout_are_refused(tmp_path: Path) -> None:
    path = master(tmp_path / "master.mov", "FL+FC+FR+FLC+SR+LFE", "pcm_s24le")
    for _ in range(2):
        with pytest.raises(BadInput, match="no name dubline knows"):
            AudioDecoder(path)
    with pytest.raises(BadInput, match="no name dubline knows"):
        probe(path, need_picture=False).audio_stream(0)
