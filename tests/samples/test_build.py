"""What the sample title promises, measured on the files it writes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from dubline.audio.wav import WavReader
from samples.build import build
from samples.dialogue import SOURCES
from samples.script import LINES, SECONDS

MASTERS = {"master.mov": ("stems", "stereo"), "master_5.1.mov": ("stems_5.1", "5.1")}


def decoded(master: Path) -> np.ndarray:
    """The first audio stream, ``(frames, channels)`` float64, by PyAV alone."""
    with av.open(str(master)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
        channels = container.streams.audio[0].channels
    return np.concatenate([block.reshape(-1, channels) for block in blocks]) / 2.0**31


@pytest.mark.parametrize("name", MASTERS)
def test_the_true_stems_sum_to_the_mix_to_the_last_bit(sample: Path, name: str) -> None:
    folder, layout = MASTERS[name]
    total = np.zeros((6 * 48_000, 2 if layout == "stereo" else 6))
    for stem in ("dialogue", "music", "effects"):
        with WavReader(sample / folder / f"{stem}.wav") as reader:
            assert reader.layout.name == layout
            total += reader.read()
    assert np.array_equal(total, decoded(sample / name))


@pytest.mark.parametrize("name", MASTERS)
def test_a_master_carries_picture_sound_timecode_chapters_subtitles_and_colors(sample: Path, name: str) -> None:
    with av.open(str(sample / name)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height, video.average_rate) == ("h264", 320, 180, 24)
        assert (int(video.codec_context.color_primaries), int(video.codec_context.colorspace)) == (1, 1)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("pcm_s24le", 48_000, MASTERS[name][1])
        assert audio.language == "eng"
        assert video.metadata["timecode"] == "01:00:00:00"
        assert [chapter["metadata"]["title"] for chapter in container.chapters()] == ["The pier"]
        assert [stream.language for stream in container.streams.subtitles] == ["eng"]


def test_picture_and_sound_end_on_the_same_sample(sample: Path) -> None:
    with av.open(str(sample / "master.mov")) as container:
        stamps = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
        step = container.streams.video[0].time_base
    assert [float(stamp * step) for stamp in stamps] == pytest.approx([number / 24 for number in range(144)])
    assert len(decoded(sample / "master.mov")) == 6 * 48_000


def test_the_lfe_of_the_stereo_fold_is_left_out_and_the_center_is_shared(sample: Path) -> None:
    with WavReader(sample / "stems_5.1" / "dialogue.wav") as wide, WavReader(sample / "stems" / "dialogue.wav") as flat:
        left, _, center, lfe, back, _ = wide.read().T.astype(np.float64)
        assert not lfe.any()
        assert np.abs(left + 0.5**0.5 * (center + back) - flat.read()[:, 0]).max() < 2.0**-21


def test_the_order_names_files_that_exist_and_dubs_no_longer_than_the_picture(sample: Path) -> None:
    order = yaml.safe_load((sample / "order.yaml").read_text(encoding="utf-8"))
    assert (sample / order["master"]["path"]).is_file()
    starts = {"fr-FR": 0.0, "es-419": 2.5}
    for dub in order["dubs"]:
        with WavReader(sample / dub["dialogue"]) as reader:
            assert (reader.layout.name, reader.rate) == ("mono", 48_000)
            assert reader.frames / reader.rate + starts[dub["language"]] == 6.0
            assert np.abs(reader.read()).max() > 0.1


def test_the_same_film_is_the_same_bytes(tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, str]:
        build(folder, layouts=("stereo",), seconds=4)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    # The second folder's name is one that a filter graph would trip over.
    assert digests(tmp_path / "one") == digests(tmp_path / "two: [it's, 2;]")


def test_what_is_built_is_left_alone_until_a_file_of_it_changes(tmp_path: Path) -> None:
    build(tmp_path, layouts=("stereo",), seconds=4)
    master, order = tmp_path / "master.mov", tmp_path / "order.yaml"
    built, whole = master.stat().st_mtime_ns, order.read_bytes()
    build(tmp_path, layouts=("stereo",), seconds=4)
    assert master.stat().st_mtime_ns == built
    order.write_text("changed")
    build(tmp_path, layouts=("stereo",), seconds=4)
    assert order.read_bytes() == whole
    assert master.stat().st_mtime_ns > built


@pytest.mark.parametrize("seconds", [0, 3.9, SECONDS + 1])
def test_a_length_the_film_does_not_have_is_refused(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds long"):
        build(tmp_path, seconds=seconds)


def test_every_line_is_spoken_in_every_language_in_three_megabytes() -> None:
    wanted = {line.source(language) for line in LINES for language in ("en", "fr", "es")}
    assert {path.name for path in SOURCES.iterdir()} == wanted
    assert sum(path.stat().st_size for path in SOURCES.iterdir()) < 3_000_000
