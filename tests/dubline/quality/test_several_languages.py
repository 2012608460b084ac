"""A file with all languages: each track is judged against its own mix and its own language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.loudness import specs
from dubline.media import ffmpeg, languages
from dubline.media.remux import Track, remux
from dubline.quality.delivery import Expected, check_delivery
from dubline.quality.delivery_report import DeliveryReport

FRENCH, GERMAN = (languages.parse(tag) for tag in ("fr-FR", "de-DE"))
LOUDNESS = ("dialogue_loudness", "programme_loudness", "loudness_range")


@pytest.fixture(scope="module")
def mixes(film: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The French mix, and a German one that says something else."""
    german = tmp_path_factory.mktemp("german") / "mix_de.wav"
    with WavReader(film.mixes["stereo"]) as reader, WavWriter(german, rate=48_000, layout=reader.layout) as writer:
        writer.write(np.ascontiguousarray(reader.read()[::-1]))
    return film.mixes["stereo"], german


@pytest.fixture(scope="module")
def delivered(film: Any, mixes: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("mul") / "glass-harbor_mul.mov"
    tracks = [Track(mixes[0], "pcm_s24le", FRENCH), Track(mixes[1], "pcm_s24le", GERMAN, default=False)]
    remux(film.masters["stereo"], film.media["stereo"], tracks, out, container="mov", keep_original=True)
    return out


def judged(film: Any, file: Path, *expected: Expected) -> DeliveryReport:
    return check_delivery(
        [file], expected=expected, media=film.media["stereo"], ov_mix_frames=6 * 48_000, spec=specs.get("ebu-r128"),
        container="mov", codec="pcm_s24le", keep_original=True,
    )  # fmt: skip


def failed(report: DeliveryReport) -> set[str]:
    return {one.name for one in report.checks if one.verdict == "fail" and not one.name.startswith(LOUDNESS)}


def test_each_track_is_judged_on_its_own(film: Any, mixes: tuple[Path, Path], delivered: Path) -> None:
    report = judged(film, delivered, Expected(FRENCH, mixes[0]), Expected(GERMAN, mixes[1]))
    assert failed(report) == set()
    assert (report.language, [track.language for track in report.tracks]) == ("mul", ["fr-FR", "de-DE"])
    names = [one.name for one in report.checks]
    assert {"lag (fr-FR)", "lag (de-DE)", "language (de-DE)", "original_audio"} <= set(names)
    assert len(names) == len(set(names))
    assert set(report.curves["language"].to_pylist()) == {"fr-FR", "de-DE"}


def test_tracks_under_each_others_language_fail_both(film: Any, mixes: tuple[Path, Path], delivered: Path) -> None:
    found = failed(judged(film, delivered, Expected(FRENCH, mixes[1]), Expected(GERMAN, mixes[0])))
    assert {"same_sound (fr-FR)", "same_sound (de-DE)"} <= found
    found = failed(judged(film, delivered, Expected(GERMAN, mixes[0]), Expected(FRENCH, mixes[1])))
    assert found == {"language (fr-FR)", "language (de-DE)"}


def test_a_language_that_is_missing_is_missed(film: Any, mixes: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "one.mov"
    track = Track(mixes[0], "pcm_s24le", FRENCH)
    remux(film.masters["stereo"], film.media["stereo"], [track], out, container="mov")
    assert "tracks" in failed(judged(film, out, Expected(FRENCH, mixes[0]), Expected(GERMAN, mixes[1])))


def test_a_film_that_was_cut_fails_in_picture_and_sound(
    film: Any, mixes: tuple[Path, Path], delivered: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.mov"
    streams = ["-map", "0:v", "-map", "0:a", "-map_chapters", "-1", "-c", "copy", "-frames:v", "120"]
    ffmpeg.run(["-y", "-i", str(delivered), *streams, str(cut)])
    found = failed(judged(film, cut, Expected(FRENCH, mixes[0]), Expected(GERMAN, mixes[1])))
    assert {"picture", "length (fr-FR)", "length (de-DE)"} <= found


def test_the_client_who_wants_one_language_in_a_file_gets_one(
    film: Any, mixes: tuple[Path, Path], delivered: Path
) -> None:
    spec = specs.get("ebu-r128").model_copy(update={"languages_per_file": "one"})
    report = check_delivery(
        [delivered], expected=[Expected(FRENCH, mixes[0]), Expected(GERMAN, mixes[1])], spec=spec, keep_original=True
    )
    assert "languages" in failed(report)
    assert Layout.parse("stereo") == report.tracks[1].layout
