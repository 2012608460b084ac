"""What one pass over the packets tells: hashes that outlive a container, and files that are cut short."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.probe import probe
from tests.packets import audio_hash, picture_hash

Film = Callable[..., Path]


@pytest.fixture(scope="module")
def stream(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transport stream: H.264 with start codes, AAC in ADTS frames."""
    return film(tmp_path_factory.mktemp("ts") / "film.ts", sound=("-c:a", "aac", "-b:a", "128k"))


def test_what_a_transport_stream_carries_hashes_alike_in_mov_and_matroska(stream: Path, tmp_path: Path) -> None:
    master = probe(stream)
    assert (master.picture.sha256, master.audio[0].sha256) == (picture_hash(stream), audio_hash(stream))
    for name in ("copy.mov", "copy.mkv"):
        out = tmp_path / name
        # Matroska, like MOV, holds bare frames; ffmpeg strips the headers on the way.
        ffmpeg.run(["-y", "-i", str(stream), "-map", "0:v", "-map", "0:a", "-c", "copy", str(out)])
        copy = probe(out)
        assert copy.picture.sha256 == master.picture.sha256
        assert copy.audio[0].sha256 == master.audio[0].sha256


def test_other_sound_hashes_otherwise(stream: Path, film: Film, tmp_path: Path) -> None:
    other = film(tmp_path / "other.ts", sound=("-c:a", "aac", "-b:a", "96k"))
    assert probe(other).audio[0].sha256 != probe(stream).audio[0].sha256
    assert probe(other).picture.sha256 == probe(stream).picture.sha256


@pytest.mark.parametrize("lost", [1, 100, 188 * 40 + 7])
def test_a_transport_stream_that_ends_amid_a_packet_is_cut_short(stream: Path, tmp_path: Path, lost: int) -> None:
    cut = tmp_path / "cut.ts"
    cut.write_bytes(stream.read_bytes()[:-lost])
    with pytest.raises(BadInput, match="cut short"):
        probe(cut)
