"""What a screen is given of a track is the track: its samples, its peaks, its spectrum, at every zoom."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from PIL import Image

from dubline.audio.layout import Layout
from dubline.errors import Cancelled
from dubline.quality.tiles.listening import fold
from dubline.quality.tiles.sections import piece, pieces
from dubline.quality.tiles.track import tile_track

RATE = 48_000

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]


def tone(seconds: float, *, hertz: float = 1000.0, level: float = 0.5, rate: int = RATE) -> Samples:
    at = np.arange(round(seconds * rate)) / rate
    return np.stack([np.sin(2 * np.pi * hertz * at), np.zeros_like(at)], axis=1).astype(np.float32) * np.float32(level)


def audio_of(tiles: Path, index: dict[str, Any]) -> npt.NDArray[np.int16]:
    blocks = [soundfile.read(io.BytesIO(one), dtype="int16")[0] for one in pieces(tiles, index["audio"])]
    return np.concatenate(blocks)


def picture_of(tiles: Path, level: dict[str, Any], number: int = 0) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(piece(tiles, level, number))))


def test_stereo_is_heard_sample_for_sample(write: Write, tmp_path: Path, noise: Callable[..., Samples]) -> None:
    samples = noise(300_001, 2, rms=0.1)
    index = tile_track(write(samples, layout="stereo"), tmp_path / "t.tiles")
    assert index["frames"] == 300_001
    assert np.abs(audio_of(tmp_path / "t.tiles", index) / 32767 - np.clip(samples, -1, 1)).max() <= 0.5 / 32767 + 1e-7


def test_another_rate_is_heard_for_as_long(write: Write, tmp_path: Path) -> None:
    index = tile_track(write(tone(3.0, rate=44_100), layout="stereo", rate=44_100), tmp_path / "t.tiles")
    assert len(audio_of(tmp_path / "t.tiles", index)) == index["frames"] == 3 * RATE


def test_full_scale_in_every_channel_does_not_clip_and_the_lfe_is_not_heard() -> None:
    for name in ("mono", "stereo", "5.1", "7.1.4"):
        assert fold(Layout.parse(name)).sum(axis=0).max() == pytest.approx(1.0)
    assert not fold(Layout.parse("5.1"))[3].any()


def test_the_waveform_holds_the_extremes_of_every_span_at_every_zoom(write: Write, tmp_path: Path) -> None:
    samples = np.zeros((50_000, 2), dtype=np.float32)
    samples[30_000, 1], samples[40_000, 0] = 1.0, -0.25
    tiles = tmp_path / "t.tiles"
    index = tile_track(write(samples, layout="stereo"), tiles)
    body = tiles.read_bytes()
    for level in index["peaks"]:
        pairs = np.frombuffer(body, np.int8, 2 * level["count"], level["at"]).reshape(-1, 2)
        assert len(pairs) == -(-50_000 // level["hop"])
        assert np.flatnonzero(pairs[:, 1]).tolist() == [30_000 // level["hop"]]
        assert np.flatnonzero(pairs[:, 0]).tolist() == [40_000 // level["hop"]]
        assert (pairs.min(), pairs.max()) == (-32, 127)
    assert level["count"] == 1


def test_a_tone_is_one_line_at_its_pitch_from_where_it_begins_at_every_zoom(write: Write, tmp_path: Path) -> None:
    samples = np.concatenate([np.zeros((6 * RATE, 2), dtype=np.float32), tone(6.0)])
    tiles = tmp_path / "t.tiles"
    drawn = tile_track(write(samples, layout="stereo"), tiles)["spectrogram"]
    low, high = drawn["hertz"]
    row = round(drawn["rows"] * np.log(high / 1000.0) / np.log(high / low) - 0.5)
    for level in drawn["levels"]:
        whole = np.hstack([picture_of(tiles, level, number) for number in range(len(level["sizes"]))])
        assert abs(whole.shape[1] - len(samples) / level["hop"]) <= 1.0
        began = int(np.flatnonzero(whole.max(axis=0) > 200)[0])
        assert abs(began - 6 * RATE / level["hop"]) <= 2
        assert abs(int(whole[:, -4].argmax()) - row) <= 1


def test_the_level_of_a_tone_is_read_from_its_shade(write: Write, tmp_path: Path) -> None:
    tiles = tmp_path / "t.tiles"
    drawn = tile_track(write(tone(2.0, level=0.01), layout="stereo"), tiles)["spectrogram"]
    quietest, loudest = drawn["decibels"]
    shade = picture_of(tiles, drawn["levels"][0])[:, 20:150].max()
    assert quietest + shade / 255 * (loudest - quietest) == pytest.approx(-40.0, abs=2.5)


def test_the_same_track_gives_the_same_bytes_and_a_cancelled_one_stops(
    write: Write, tmp_path: Path, noise: Callable[..., Samples]
) -> None:
    path = write(noise(200_000, 2), layout="stereo")
    first, second = tmp_path / "1.tiles", tmp_path / "2.tiles"
    assert tile_track(path, first) == tile_track(path, second)
    assert first.read_bytes() == second.read_bytes()
    with pytest.raises(Cancelled):
        tile_track(path, tmp_path / "3.tiles", cancelled=lambda: True)
