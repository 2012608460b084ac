"""Recordings, their splits and their samples, from a corpus and from plain folders."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from dubline.errors import BadInput
from dubline.training.corpus import RATE, Holdout, decode_mono
from dubline.training.datasets.sources import Piece, Source, from_corpus, from_folders, pieces


def _write(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(str(path)))
    shape = (round(seconds * rate), channels)
    soundfile.write(path, 0.1 * rng.standard_normal(shape).cumsum(axis=0).clip(-3, 3) / 3, rate)
    return path


def test_no_speaker_or_recording_is_in_two_splits(corpus_folder: Path) -> None:
    sources = from_corpus(corpus_folder, Holdout(share=0.5))
    splits = defaultdict(set)
    for source in sources:
        splits[source.group].add(source.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {source.split for source in sources} == {"train", "val", "test"}
    assert all(source.split != "train" for source in sources if source.language == "hu")
    assert sources == from_corpus(corpus_folder, Holdout(share=0.5))


def test_what_is_held_out_from_training_is_so_here_too(corpus_folder: Path) -> None:
    one, other = (from_corpus(corpus_folder, Holdout(share=share)) for share in (0.2, 0.6))
    kept = {source.group for source in other if source.split == "train"}
    assert kept < {source.group for source in one if source.split == "train"}


def test_folders_named_as_splits_are_the_splits(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        _write(tmp_path / "de" / split / "anna" / f"{split}.wav", 1.0)
    _write(tmp_path / "music" / "a.wav", 1.0)
    _write(tmp_path / "effects" / "b.flac", 1.0)
    (tmp_path / "effects" / "notes.txt").write_text("no sound")
    sources = from_folders(speech={"de": [tmp_path / "de"]}, music=[tmp_path / "music"], effects=[tmp_path / "effects"])
    speech = [source for source in sources if source.kind == "speech"]
    assert [(Path(s.file).stem, s.split) for s in speech] == [(n, n) for n in ("test", "train", "val")]
    assert {(s.language, s.speaker) for s in speech} == {("de", "de/anna")}
    assert len(sources) == 5
    with pytest.raises(BadInput, match="no music recordings"):
        from_folders(speech={}, music=[tmp_path / "nowhere"], effects=[])


def test_long_recordings_are_cut_and_short_ends_left_out(tmp_path: Path) -> None:
    def cut(seconds: float) -> list[tuple[int, int]]:
        file = str(_write(tmp_path / f"{seconds}.wav", seconds))
        source = Source("music", file, "", "", "", "", "train")
        return [(piece.start // RATE, piece.frames // RATE) for piece in pieces([source], 10.0)]

    assert cut(27.0) == [(0, 10), (10, 10), (20, 7)]
    assert cut(24.0) == [(0, 10), (10, 10)]
    assert cut(3.0) == [(0, 3)]


@pytest.mark.parametrize("name", ["a.wav", "b.flac", "c.ogg", "d.mp3"])
@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_a_part_is_what_the_whole_file_gives_there(tmp_path: Path, name: str, rate: int) -> None:
    piece = Piece(str(_write(tmp_path / name, 3.0, rate, channels=2)))
    whole = piece.samples()
    assert len(whole) == piece.frames == pytest.approx(3 * RATE, abs=2500)
    np.testing.assert_allclose(piece.samples(50_000, 30_000), whole[50_000:80_000], atol=1e-6)
    later = Piece(piece.file, start=40_000, longest=20_000)
    assert later.frames == 20_000
    np.testing.assert_allclose(later.samples(10_000), whole[50_000:60_000], atol=1e-6)


def test_a_file_libsndfile_does_not_know_is_decoded_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "voice.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        tone = 0.3 * np.sin(2 * np.pi * 440 / RATE * np.arange(RATE, dtype=np.float32))
        frame = av.AudioFrame.from_ndarray(tone[None].astype(np.float32), format="fltp", layout="mono")
        frame.rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert np.array_equal(Piece(str(path)).samples(1_000, 5_000), decode_mono(path)[1_000:6_000])


def test_a_file_that_is_no_sound_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("This is not a sound.")
    with pytest.raises(BadInput, match="cannot decode"):
        _ = Piece(str(tmp_path / "text.wav")).frames
