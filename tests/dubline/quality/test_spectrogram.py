"""A spectrogram shows a tone where the tone is, at a size that does not grow with the film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import Cancelled
from dubline.quality.spectrogram import COLUMNS, HIGHEST_HZ, LOWEST_HZ, ROWS, spectrogram, spectrogram_svg

RATE = 48_000


def wav(path: Path, samples: np.ndarray, *, rate: int = RATE) -> Path:
    with WavWriter(path, rate=rate, layout=Layout.default(samples.shape[1])) as writer:
        writer.write(samples.astype(np.float32))
    return path


@pytest.mark.parametrize("hertz", [100.0, 1000.0, 9000.0])
def test_a_tone_lies_in_its_row_and_in_its_time(tmp_path: Path, hertz: float) -> None:
    at = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * hertz * at) * (at >= 2.0)
    picture = spectrogram(wav(tmp_path / "tone.wav", np.stack([tone, 0 * tone], axis=1)))
    row = int(np.argmax(picture[:, -5]))
    assert row == pytest.approx(ROWS * np.log(HIGHEST_HZ / hertz) / np.log(HIGHEST_HZ / LOWEST_HZ), abs=4)
    assert picture[row, -5] == pytest.approx(-1.0, abs=1.5)
    assert picture[:, : picture.shape[1] // 2 - 2].max() == -200.0


@pytest.mark.parametrize("frames", [1, 2047, 48_000, 3_000_000])
def test_the_picture_does_not_grow_with_the_film(tmp_path: Path, frames: int) -> None:
    picture = spectrogram(wav(tmp_path / "film.wav", np.full((frames, 1), 0.1)))
    assert picture.shape[0] == ROWS
    assert 1 <= picture.shape[1] <= COLUMNS
    assert np.isfinite(picture).all()


def test_rows_above_half_the_rate_are_empty(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).standard_normal((16_000, 1)) * 0.1
    picture = spectrogram(wav(tmp_path / "low.wav", noise, rate=16_000))
    top = int(ROWS * np.log(HIGHEST_HZ / 8000) / np.log(HIGHEST_HZ / LOWEST_HZ)) - 1
    assert (picture[:top] == -200.0).all()
    assert picture[top + 10 :].max() > -80.0


def test_the_drawing_is_the_same_each_time_and_marks_the_spans(tmp_path: Path) -> None:
    path = wav(tmp_path / "film.wav", np.random.default_rng(2).standard_normal((RATE, 2)) * 0.1)
    first, second = (spectrogram_svg(spectrogram(path), seconds=1.0, marked=[(0.2, 0.4)]) for _ in range(2))
    assert first == second
    assert first.count('class="event"') == 1
    assert spectrogram_svg(spectrogram(path), seconds=1.0, marked=[(1.2, 1.4)]).count('class="event"') == 0


def test_it_stops_when_asked(tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        spectrogram(wav(tmp_path / "film.wav", np.zeros((RATE, 1))), cancelled=lambda: True)
