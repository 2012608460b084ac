"""Language left in an M&E is read where the dialogue speaks, and only words the dialogue has count as left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import WavWriter
from dubline.errors import Cancelled, EnvironmentFault
from dubline.transcription.checkpoint import find_checkpoint
from dubline.transcription.language import code_of, find_language
from dubline.transcription.passages import RATE, passages
from dubline.transcription.recognizer import Recognizer
from dubline.transcription.residual import read_residual, shared, write_guide
from dubline.transcription.text import Line
from tests.dubline.transcription.conftest import Write

SPEECH = Spans(((1.0, 4.0), (10.0, 12.5)))

Track = Callable[..., Path]


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    """A WAV of 15 seconds of noise."""

    def write(layout: str = "stereo", rate: int = 48_000) -> Path:
        path = tmp_path_factory.mktemp("track") / "track.wav"
        known = Layout.parse(layout)
        noise = np.random.default_rng(5).normal(0, 0.1, (15 * rate, known.channels)).astype(np.float32)
        with WavWriter(path, rate=rate, layout=known) as writer:
            writer.write(noise)
        return path

    return write


def line(start: float, end: float, text: str) -> Line:
    return Line(start, end, text, 0.9, 0.0)


def test_what_is_read_has_the_time_of_the_film_and_is_held_against_the_guide(
    write_checkpoint: Write, track: Track, tmp_path: Path
) -> None:
    checkpoint = find_checkpoint(write_checkpoint("en", (0.0, "Where is the boat?", 2.0)))
    done: list[tuple[int, int]] = []
    found = read_residual(
        track("5.1"), track(), SPEECH, language="en-GB", checkpoint=checkpoint, progress=lambda *at: done.append(at)
    )
    assert [(one.start_seconds, one.end_seconds, one.text) for one in found.guide] == [
        (0.75, 2.75, "Where is the boat?"),
        (9.75, 11.75, "Where is the boat?"),
    ]
    assert (found.guide_words, found.shared_words) == (8, 8)
    body = found.to_json()
    assert body["ran"] and body["checkpoint"] == {"name": checkpoint.name, "sha256": checkpoint.sha256}
    assert [one["shared_words"] for one in body["left"]] == [4, 4]
    assert done[-1][0] <= done[-1][1]

    write_guide(found, json_path=tmp_path / "guide.json", srt_path=tmp_path / "guide.srt")
    assert [one["text"] for one in json.loads((tmp_path / "guide.json").read_text())["lines"]] == [
        "Where is the boat?"
    ] * 2
    assert "00:00:09,750 --> 00:00:11,750\nWhere is the boat?" in (tmp_path / "guide.srt").read_text()


def test_a_language_the_checkpoint_does_not_know_is_not_read(write_checkpoint: Write, track: Track) -> None:
    checkpoint = find_checkpoint(write_checkpoint("en"))
    found = read_residual(track(), track(), SPEECH, language="tlh", checkpoint=checkpoint)
    assert found.to_json() == {"ran": False, "why": f"the checkpoint {checkpoint.name} does not know tlh"}


def test_a_checkpoint_of_english_alone_reads_english_and_tells_no_languages(
    write_checkpoint: Write, track: Track
) -> None:
    checkpoint = find_checkpoint(write_checkpoint(None, (0.0, "Where is the boat?", 2.0)))
    found = read_residual(track(), track(), SPEECH, language="en-US", checkpoint=checkpoint)
    assert {one.text for one in found.guide} == {"Where is the boat?"}
    assert not read_residual(track(), track(), SPEECH, language="fr", checkpoint=checkpoint).ran
    recognizer = Recognizer.load(checkpoint.path)
    assert (
        find_language(track(), SPEECH, tag="en", recognizer=recognizer).why == "the checkpoint tells no languages apart"
    )


def test_reading_stops_when_asked(write_checkpoint: Write, track: Track) -> None:
    checkpoint = find_checkpoint(write_checkpoint("en"))
    with pytest.raises(Cancelled):
        read_residual(track(), track(), SPEECH, language="en", checkpoint=checkpoint, cancelled=lambda: True)


@pytest.mark.parametrize(
    ("text", "words"),
    [("The boat, the boat", 2), ("Thanks for watching", 0), ("THE BOAT IS GONE", 3)],
)
def test_only_words_of_the_dialogue_at_that_time_count(text: str, words: int) -> None:
    said = [line(0.0, 2.0, "The boat is here"), line(60.0, 61.0, "thanks for watching, it is gone")]
    assert shared(line(1.0, 2.5, text), said) == words


@pytest.mark.parametrize(("tag", "agrees"), [("fr-FR", True), ("fr-CA", True), ("es-419", False), ("tlh", None)])
def test_a_track_is_held_against_its_tag(write_checkpoint: Write, track: Track, tag: str, agrees: bool | None) -> None:
    recognizer = Recognizer.load(write_checkpoint("fr"))
    found = find_language(track(), SPEECH, tag=tag, recognizer=recognizer)
    assert found.agrees is agrees
    assert (found.heard == "fr") == (agrees is not None)
    assert find_language(track(), Spans(), tag="fr", recognizer=recognizer).why == "nobody speaks"


def test_a_language_that_is_not_clear_is_held_against_nothing(write_checkpoint: Write, track: Track) -> None:
    path = write_checkpoint("fr")
    body = torch.load(path, weights_only=True)
    body["model_state_dict"]["decoder.token_embedding.weight"].zero_()
    torch.save(body, path)
    found = find_language(track(), SPEECH, tag="fr", recognizer=Recognizer.load(path))
    assert found.agrees is None and found.probability is not None and found.probability < 0.5


@pytest.mark.parametrize(
    ("tag", "code"), [("pt-BR", "pt"), ("cmn-Hans", "zh"), ("zh-TW", "zh"), ("nb-NO", "no"), ("fil", "tl")]
)
def test_tags_have_whispers_codes(tag: str, code: str) -> None:
    assert code_of(tag) == code


def test_passages_hold_every_word_and_every_channel_but_the_lfe(tmp_path: Path) -> None:
    layout = Layout.parse("5.1")
    tones = np.zeros((15 * RATE, 6), dtype=np.float32)
    for column, tag in enumerate(layout.tags):
        tones[11 * RATE + 100 * column, column] = 1.0 if tag != "LFE" else 100.0
    with WavWriter(tmp_path / "tones.wav", rate=RATE, layout=layout) as writer:
        writer.write(tones)
    first, second = passages(tmp_path / "tones.wav", SPEECH)
    assert (first.start_seconds, first.seconds, second.start_seconds) == (0.75, 3.5, 9.75)
    heard = np.flatnonzero(second.samples)
    assert len(heard) == 5 and second.samples.max() == 1.0
    assert second.start_seconds + heard[0] / RATE == 11.0


def test_passages_of_a_long_speech_are_bounded_and_whole(track: Track, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dubline.transcription.passages.LONGEST_SECONDS", 4.0)
    pieces = list(passages(track("mono", 16_000), Spans(((0.0, 30.0),))))
    assert [piece.start_seconds for piece in pieces] == [0.0, 4.0, 8.0, 12.0]
    assert sum(len(piece.samples) for piece in pieces) == 15 * RATE


def test_a_file_that_is_no_checkpoint_is_refused_in_one_line(tmp_path: Path, write_checkpoint: Write) -> None:
    good = torch.load(write_checkpoint("en"), weights_only=True)
    for name, body in {
        "text": b"not a checkpoint",
        "empty": b"",
        "other": {"weights": 1},
        "half": {**good, "dims": {}},
    }.items():
        path = tmp_path / f"{name}.pt"
        path.write_bytes(body) if isinstance(body, bytes) else torch.save(body, path)
        with pytest.raises(EnvironmentFault, match=r"not a whisper checkpoint \(.*\.pt\): set DUBLINE_ASR_MODEL"):
            Recognizer.load(path)
    with pytest.raises(EnvironmentFault, match=r"cannot read the checkpoint"):
        find_checkpoint(tmp_path / "none.pt")


def test_a_changed_checkpoint_is_another_one(write_checkpoint: Write) -> None:
    path = write_checkpoint("en")
    before = find_checkpoint(path)
    assert find_checkpoint(path) == before
    path.write_bytes(path.read_bytes() + b"\0")
    assert replace(find_checkpoint(path), sha256="") == replace(before, sha256="")
    assert find_checkpoint(path).sha256 != before.sha256
