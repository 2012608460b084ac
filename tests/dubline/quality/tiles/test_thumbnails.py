"""Small pictures show the film: each is what is on screen at its time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from dubline.quality.tiles.sections import piece
from dubline.quality.tiles.thumbnails import tile_picture
from tests.films import film


def test_each_picture_is_the_one_on_screen_at_its_second(tmp_path: Path) -> None:
    index = tile_picture(film(tmp_path / "film.mkv", 12), tmp_path / "p.tiles", seconds=12.0)
    assert (index["step"], index["count"], index["height"]) == (1, 12, 90)
    sheet = np.asarray(Image.open(io.BytesIO(piece(tmp_path / "p.tiles", index, 0))).convert("L"), dtype=float)
    for number in range(12):
        row, column = divmod(number, index["columns"])
        shown = sheet[row * 90 + 10 : row * 90 + 80, column * 160 + 10 : column * 160 + 150]
        assert abs(shown.mean() - 20 * number) < 6


def test_a_long_film_gets_no_more_pictures_than_a_screen_needs(tmp_path: Path) -> None:
    index = tile_picture(film(tmp_path / "film.mkv", 3), tmp_path / "p.tiles", seconds=7200.0)
    assert index["count"] == 720
    assert index["step"] == 10
    assert len(index["sizes"]) == 8
