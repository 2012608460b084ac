"""The page of the events shows each one before and after, to see and to hear; no word in it can write into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.quality.audition import MOST_GAIN_DB
from dubline.quality.events_page import CLIPS, PAGE, Tracks, write_events_page
from dubline.quality.excerpts import LONGEST_SECONDS
from dubline.vocalization.events import Event
from tests.dubline.quality.test_page import EVIL, Reader

RATE, SECONDS = 16_000, 20

Samples = Any
Write = Callable[..., Tracks]


def treatment(event: Event, **fields: Any) -> dict[str, Any]:
    """One row of a cleaning's report."""
    row = {
        "method": "subtraction", "reduction_db": 21.5, "why": "the least invasive method", "from_seconds": 1.0,
        "to_seconds": 2.0, "rebuild": "texture", "score_before": 0.91, "score_after": 0.04, "threshold": 0.6,
        "heard_as": None, "residual_db": -31.0, "candidates": [], "decided_by": "clean@1", "reason": "language",
        "edited": "no", "detected": None,
    }  # fmt: skip
    return event.to_json() | row | fields


def report(*rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of = counts.setdefault(row["label"], {})
        of[row["disposition"]] = of.get(row["disposition"], 0) + 1
    body = {
        "policy": "clean@1", "treatments": list(rows), "filled_seconds": 1.0, "rate": RATE, "layout": "5.1",
        "frames": RATE * SECONDS, "remaining": [], "untouched": 0, "counts": counts,
        "edits": {"applied": 0, "dropped": [], "unmatched": []},
        "residual_language": {"ran": False, "why": "no checkpoint is configured"},
    }  # fmt: skip
    return body | fields


@pytest.fixture
def tracks(tmp_path: Path) -> Write:
    """An M&E in 5.1 with a tone in its center, which the filled one lacks; or the samples given."""

    def write(me: Samples = None, filled: Samples = None) -> Tracks:
        layout = Layout.parse("5.1")
        silence = np.zeros((RATE * SECONDS, 6), dtype=np.float32)
        tone = silence.copy()
        tone[:, layout.index("FC")] = 0.01 * np.sin(2 * np.pi * 440 * np.arange(RATE * SECONDS) / RATE)
        paths = {}
        for name, samples in (("me", tone if me is None else me), ("filled", silence if filled is None else filled)):
            paths[name] = tmp_path / f"{name}.wav"
            with WavWriter(paths[name], rate=RATE, layout=layout) as writer:
                writer.write(samples)
        return Tracks(paths["me"], paths["filled"])

    return write


def written(folder: Path, body: dict[str, Any], tracks: Tracks) -> tuple[str, Reader]:
    write_events_page(folder, body, tracks, title="Glass Harbor")
    html = (folder / PAGE).read_text(encoding="utf-8")
    return html, Reader(html)


WORD = Event(4.0, 5.0, ("FC",), "speech", 0.9, 8.0, "remove", "filled")


def test_an_event_is_shown_before_and_after_with_what_was_done_and_why(tmp_path: Path, tracks: Write) -> None:
    _, read = written(tmp_path / "qc", report(treatment(WORD)), tracks())
    for wanted in ("0:04.00 \u2013 0:05.00 speech", "gone", WORD.id, "Taken out by subtraction",
                   "rebuilt by texture", "remove, says clean@1: language", "0.91, 0.04 heard from 0.60 on", "21.5 dB",
                   "Whether language is left was not read: no checkpoint is configured"):  # fmt: skip
        assert wanted in read.text
    assert (read.tags.count("image"), read.tags.count("audio")) == (2, 2)
    clips = [value for name, value in read.attributes if name == "src"]
    assert clips == [f"{CLIPS}/{WORD.id}-{when}.wav" for when in ("before", "after")]
    heard = []
    for clip in clips:
        with WavReader(tmp_path / "qc" / str(clip)) as reader:
            assert (reader.rate, reader.layout.name, reader.frames) == (RATE, "mono", 4 * RATE)
            heard.append(reader.read())
    # The tone lies at -40 dBFS; turned up as far as clips are, it fades in and out.
    assert np.abs(heard[0]).max() == pytest.approx(0.01 * 10 ** (MOST_GAIN_DB / 20), rel=0.01)
    assert np.abs(heard[0][:8]).max() < 0.02
    assert not heard[1].any()


def test_what_stays_has_one_picture_and_one_clip(tmp_path: Path, tracks: Write) -> None:
    tone = tracks()
    kept = treatment(Event(4.0, 5.0, ("FC",), "crowd", 0.9, 8.0), method="none", why="it stays", rebuild=None)
    _, read = written(tmp_path, report(kept), Tracks(tone.me, tone.me))
    assert (read.tags.count("image"), read.tags.count("audio")) == (1, 1)
    assert f"{kept['id']} It stays. keep, says" in read.text


def test_what_is_still_heard_and_what_people_said_is_said_plainly(tmp_path: Path, tracks: Write) -> None:
    gull = Event(9.0, 9.5, ("FL", "FR"), "shout", 0.6, 4.0)
    edits = {
        "applied": 2,
        "dropped": [gull.to_json() | {"decided_by": "ann", "reason": "a gull"}],
        "unmatched": [{"do": "drop", "event": "0" * 12, "who": "ben", "note": "gone?"}],
    }
    left = {
        "start_seconds": 4.1,
        "end_seconds": 4.9,
        "text": "the boat",
        "confidence": 0.8,
        "words": 2,
        "shared_words": 2,
    }
    language = {
        "ran": True, "checkpoint": {"name": "tiny", "sha256": "0" * 64}, "language": "en", "guide_words": 40,
        "shared_words": 2, "left": [left],
    }  # fmt: skip
    tried = [
        {"method": "subtraction", "score": 0.8, "label": "speech", "residual_db": -9.0, "chosen": False},
        {"method": "replacement", "score": 0.6, "label": "speech", "residual_db": -22.0, "chosen": True},
    ]
    row = treatment(WORD, heard_as="speech", candidates=tried)
    body = report(row, edits=edits, remaining=[WORD.to_json()], untouched=3, residual_language=language)
    _, read = written(tmp_path, body, tracks())
    for wanted in ("still heard", "still finds 1 event where", "it finds 3", "a gull", "fits no event any more",
                   "tiny reads 2 of the dialogue's 40 words", "the boat", "2 of 2", "chosen"):  # fmt: skip
        assert wanted in read.text


def test_a_page_of_thousands_shows_those_that_matter(
    tmp_path: Path, tracks: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dubline.quality.events_page.MOST_SHOWN", 4)
    many = [
        treatment(Event(1.0 + at / 1000, 1.1 + at / 1000, ("FC",), "breath", 0.5, 1.0), method="none")
        for at in range(9)
    ]
    many.append(treatment(Event(9.0, 9.1, ("FC",), "speech", 0.5, 1.0, "remove", "filled"), heard_as="speech"))
    _, read = written(tmp_path, report(*many), tracks())
    assert read.tags.count("article") == 4
    assert ("id", f"e-{many[-1]['id']}") in read.attributes


def test_what_people_write_cannot_write_into_the_page(tmp_path: Path, tracks: Write) -> None:
    edits = {"applied": 0, "dropped": [], "unmatched": [{"do": EVIL, "event": EVIL, "who": EVIL, "note": EVIL}]}
    row = treatment(WORD, decided_by=EVIL, reason=EVIL, method=EVIL, why=EVIL)
    html, read = written(tmp_path, report(row, edits=edits, residual_language={"ran": False, "why": EVIL}), tracks())
    assert EVIL not in html and not {"script", "img", "link", "iframe"} & set(read.tags)
    assert not [value for name, value in read.attributes if name.startswith("on") or "a.example" in str(value)]
    assert "script-src" not in html and "default-src 'none'" in html


@pytest.mark.parametrize(
    "event",
    [
        Event(0.0, 0.01, ("FC",), "breath", 0.5, 0.0, "optional", "filled"),
        Event(SECONDS - 0.05, SECONDS, ("FL", "FR"), "breath", 0.5, 0.0, "optional", "filled"),
        Event(0.0, SECONDS, ("FL", "FR", "BL", "BR"), "crowd", 0.5, 0.0, "optional", "filled"),
        Event(3.0, 3.5, ("FC",), "laughter", 0.5, 0.0, "optional", "none", stem="dx"),
    ],
)
def test_events_at_the_ends_long_ones_and_those_without_their_track(
    tmp_path: Path, tracks: Write, event: Event
) -> None:
    clips = write_events_page(tmp_path, report(treatment(event, reduction_db=None)), tracks(), title="T")
    Reader((tmp_path / PAGE).read_text())
    assert len(clips) == (0 if event.stem == "dx" else 1 if len(event.channels) > 1 else 2)
    for clip in clips:
        with WavReader(clip) as reader:
            assert 0 < reader.frames <= LONGEST_SECONDS * RATE


def test_no_events_at_all_and_digital_silence(tmp_path: Path, tracks: Write) -> None:
    _, read = written(tmp_path, report(), tracks())
    assert "No human sound was found" in read.text and "Nothing was taken out" in read.text
    assert "run again" not in read.text
    silence = np.zeros((RATE * SECONDS, 6), dtype=np.float32)
    _, read = written(tmp_path, report(treatment(WORD)), tracks(silence, silence))
    drawn = [value for name, value in read.attributes if name in ("d", "x", "y")]
    assert drawn and not [value for value in (*drawn, *read.words) if value and "nan" in value.lower()]


def test_the_same_report_gives_the_same_bytes(tmp_path: Path, tracks: Write) -> None:
    made = [written(tmp_path / name, report(treatment(WORD)), tracks()) for name in ("one", "two")]
    assert made[0][0] == made[1][0]
    for clip in (tmp_path / "one" / CLIPS).iterdir():
        assert clip.read_bytes() == (tmp_path / "two" / CLIPS / clip.name).read_bytes()


def test_events_of_another_file_and_a_wish_to_stop(tmp_path: Path, tracks: Write) -> None:
    with pytest.raises(BadInput, match="of another file"):
        written(tmp_path, report(treatment(Event(90.0, 91.0, ("FC",), "speech", 0.9, 8.0))), tracks())
    with pytest.raises(Cancelled):
        write_events_page(tmp_path, report(treatment(WORD)), tracks(), title="T", cancelled=lambda: True)
