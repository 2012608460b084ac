"""Fields written in place into MOV and MP4, read back by ffmpeg's own reader."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import pytest

from dubline.errors import BadInput
from dubline.media.boxes import set_languages, set_lengths
from dubline.media.demux import extract_audio


# At the second scale the movie's times no longer fit 32 bits, and its headers are of version 1.
@pytest.mark.parametrize("scale", ["1000", "2000000000"])
@pytest.mark.parametrize("name", ["film.mov", "film.mp4"])
def test_languages_and_lengths(film: Callable[..., Path], tmp_path: Path, name: str, scale: str) -> None:
    path = film(tmp_path / name, sound=("-c:a", "aac"), more=("-movie_timescale", scale))
    size = path.stat().st_size
    set_languages(path, ["ces", "deu"])
    set_lengths(path, {1: Fraction(1)})
    assert path.stat().st_size == size
    with av.open(str(path)) as opened:
        assert [stream.language for stream in opened.streams] == ["ces", "deu"]
        assert opened.duration == pytest.approx(1_600_000, abs=1000)
    assert extract_audio(path, out=tmp_path / "back.wav").frames == 48_000


def test_tracks_that_are_not_there(film: Callable[..., Path], wav: Callable[..., Path], tmp_path: Path) -> None:
    path = film(tmp_path / "film.mov")
    with pytest.raises(BadInput, match="2 tracks where 3"):
        set_languages(path, [None, None, "deu"])
    with pytest.raises(BadInput, match="2 tracks where 3"):
        set_lengths(path, {2: Fraction(1)})
    with pytest.raises(BadInput, match="no moov box"):
        set_languages(wav(tmp_path / "sound.wav"), [])
