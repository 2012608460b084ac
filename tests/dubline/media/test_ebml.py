"""Matroska tracks end with their sound: read again by ffmpeg, and whole as a file."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dubline.errors import BadInput
from dubline.media import languages
from dubline.media.decode import AudioDecoder
from dubline.media.ebml import End, set_ends
from dubline.media.encoding import encode_alone
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from tests.packets import picture_hash


@pytest.mark.parametrize(("codec", "packet", "delay"), [("aac", 1024, 1024), ("ac3", 1536, 256), ("eac3", 1536, 256)])
def test_every_place_in_the_last_packet(
    codec: str, packet: int, delay: int, wav: Callable[..., Path], tmp_path: Path
) -> None:
    whole = 20 * packet - delay
    for frames in (2 * packet, whole - 1, whole, whole + 1, whole + delay, whole + packet // 2):
        source = wav(tmp_path / "dub.wav", frames=frames)
        encode_alone(source, tmp_path / "dub.mkv", container="mkv", codec=codec)
        with AudioDecoder(tmp_path / "dub.mkv") as decoder:
            assert sum(map(len, decoder.blocks())) == frames
        with av.open(str(tmp_path / "dub.mkv")) as opened:
            assert opened.duration == pytest.approx(1e6 * frames / 48_000, abs=1)


def test_several_tracks_beside_a_picture(
    film: Callable[..., Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], np.ndarray],
    lag: Callable[..., int],
    tmp_path: Path,
) -> None:
    """Tracks that end before and after the picture, in several clusters (ffmpeg's hold five seconds)."""
    picture = ("-vf", "tpad=stop_duration=12:stop_mode=clone", "-c:v", "libx264", "-preset", "ultrafast")
    master, out = film(tmp_path / "master.mov", picture=picture), tmp_path / "out.mkv"
    lengths = {"fr-FR": 40_001, "es-419": 600_123, "de": 700_007}
    dubs = {tag: wav(tmp_path / f"{tag}.wav", frames=frames, seed=frames) for tag, frames in lengths.items()}
    tracks = [Track(dub, "aac", languages.parse(tag), default=tag == "de") for tag, dub in dubs.items()]
    remux(master, probe(master), tracks, out, container="mkv", keep_original=True)
    assert picture_hash(out) == picture_hash(master)
    for number, (track, frames) in enumerate(zip(tracks, lengths.values(), strict=True)):
        with AudioDecoder(out, number) as decoder:
            back = np.concatenate(list(decoder.blocks()))
        assert len(back) == frames
        assert lag(back[:, 0], samples(track.path)[:, 0]) == 0
    with av.open(str(out)) as opened:
        assert opened.duration == pytest.approx(1e6 * 700_007 / 48_000, abs=1)
        clocks = [stream.metadata["DURATION"] for stream in opened.streams.audio]
        assert clocks[:3] == ["00:00:00.833354167", "00:00:12.502562500", "00:00:14.583479167"]
        # The index still leads to the picture.
        opened.seek(10_000_000)
        assert next(opened.decode(video=0)).time == pytest.approx(10, abs=2.5)


def test_a_file_that_was_not_made_for_it_is_refused(wav: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "dub.mkv"
    encode_alone(wav(tmp_path / "dub.wav"), out, container="mkv", codec="opus")
    before = out.read_bytes()
    with pytest.raises(BadInput, match="without room"):
        set_ends(out, {0: End(Fraction(1), Fraction(0))})
    with pytest.raises(BadInput, match="without a last block"):
        set_ends(out, {5: End(Fraction(1), Fraction(0))})
    assert out.read_bytes() == before
