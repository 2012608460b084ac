"""Cleaning real signals: nothing is lost, nothing else touched, the voice is gone and the background is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput, Cancelled
from dubline.repair.clean import clean
from dubline.repair.report import CleanReport
from dubline.vocalization import policies
from dubline.vocalization.detect import detect
from dubline.vocalization.edits import read_edits
from dubline.vocalization.events import Event, read_events

Samples = npt.NDArray[np.float32]
Voice = Callable[[int], Samples]
Write = Callable[..., Path]
Noise = Callable[..., Samples]

RATE = 48000
SECONDS = 8
START = 2.0
MINUS_90_DBFS = 10 ** (-90 / 20)

LAYOUTS = {"mono": ("FC",), "stereo": ("FL", "FR"), "5.1": ("FC",), "7.1": ("SL", "SR")}


def event(start: float, end: float, *tags: str, disposition: str = "remove") -> Event:
    return replace(Event(start, end, tags, "speech", 0.9, 6.0), disposition=disposition)


def read(path: Path) -> Samples:
    with WavReader(path) as reader:
        return reader.read()


def with_voice(background: Samples, voice: Voice, layout: Layout, tags: tuple[str, ...], gain: float = 0.5) -> Samples:
    mixed, sentence, at = background.copy(), voice(RATE) * gain, round(START * RATE)
    for tag in tags:
        mixed[at : at + len(sentence), layout.index(tag)] += sentence
    return mixed


def lacking(parts: dict[str, Samples], whole: Samples) -> float:
    return float(np.abs(sum(part.astype(np.float64) for part in parts.values()) - whole).max(initial=0.0))


def results(folder: Path) -> tuple[Samples, dict[str, Samples]]:
    """The filled M&E, and the three parts that add up to the M&E before filling."""
    return read(folder / "me.wav"), {
        name: read(folder / f"{name}.wav") for name in ("me_unfilled", "optional", "dx_guide")
    }


@pytest.mark.parametrize(
    ("layout_name", "disposition", "with_dialogue"),
    [
        ("mono", "remove", True),
        ("stereo", "optional", True),
        ("5.1", "remove", False),
        pytest.param("7.1", "optional", True, marks=pytest.mark.slow),
        pytest.param("5.1", "optional", True, marks=pytest.mark.slow),
        pytest.param("stereo", "remove", False, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_and_nothing_else_is_touched(
    layout_name: str, disposition: str, with_dialogue: bool, tmp_path: Path, voice: Voice, write: Write, noise: Noise
) -> None:
    layout, tags = Layout.parse(layout_name), LAYOUTS[layout_name]
    me = with_voice(noise(RATE * SECONDS, layout.channels), voice, layout, tags)
    stem = noise(RATE * SECONDS, layout.channels, rms=0.1, seed=5) if with_dialogue else np.zeros_like(me)
    report = clean(
        write(me, layout=layout_name),
        events=[event(START, START + 3.9, *tags, disposition=disposition)],
        dialogue=write(stem, layout=layout_name, name="dx.wav") if with_dialogue else None,
        out_dir=tmp_path / "out",
        keep_unfilled=True,
    )
    filled, parts = results(tmp_path / "out")
    assert lacking(parts, me.astype(np.float64) + stem) < MINUS_90_DBFS
    assert report.null_error_dbfs is None or report.null_error_dbfs < -90
    concerned = [layout.index(tag) for tag in tags]
    others = [at for at in range(layout.channels) if at not in concerned]
    before, after = round((START - 0.02) * RATE), round((START + 3.9 + 0.2) * RATE)
    for track in (filled, parts["me_unfilled"]):
        assert track.shape == me.shape and np.isfinite(track).all()
        assert track[:, others].tobytes() == me[:, others].tobytes()
        assert track[:before].tobytes() == me[:before].tobytes()
        assert track[after:].tobytes() == me[after:].tobytes()
    silent = "optional" if disposition == "remove" else "dx_guide"
    assert np.array_equal(parts[silent], np.zeros_like(me) if silent == "optional" else stem)


def test_the_voice_is_gone_and_the_background_is_back(tmp_path: Path, voice: Voice, write: Write, noise: Noise) -> None:
    layout, background = Layout.parse("stereo"), noise(RATE * SECONDS, 2)
    background[:, 1] = 0.6 * background[:, 0] + 0.8 * background[:, 1]
    me = with_voice(background, voice, layout, ("FL", "FR"))
    path = write(me, layout="stereo")
    clean(path, events=detect(path), policy=policies.get("clean"), out_dir=tmp_path / "out")
    filled = read(tmp_path / "out" / "me.wav")
    inside = np.s_[round((START + 0.2) * RATE) : round((START + 3.6) * RATE)]
    sentence = voice(RATE)[round(0.2 * RATE) : round(3.6 * RATE)]
    left = (filled[inside] - background[inside]).T @ sentence / (sentence @ sentence) / 0.5
    assert (20 * np.log10(np.abs(left)) < -25).all()
    level = 10 * np.log10(np.square(filled[inside]).mean(0) / np.square(background[inside]).mean(0))
    assert (np.abs(level) < 1.5).all()
    assert abs(np.corrcoef(filled[inside].T)[0, 1] - np.corrcoef(background[inside].T)[0, 1]) < 0.15
    assert detect(tmp_path / "out" / "me.wav") == []


def test_no_click_at_the_seams(tmp_path: Path, write: Write) -> None:
    at = np.arange(RATE * 6) / RATE
    tone = (0.1 * np.sin(2 * np.pi * 150 * at) + 0.05 * np.sin(2 * np.pi * 410 * at)).astype(np.float32)[:, None]
    loud = tone.copy()
    loud[RATE * 2 : RATE * 3] *= 4
    clean(write(loud, layout="mono"), events=[event(2.0, 3.0, "FC")], out_dir=tmp_path / "out")
    filled = read(tmp_path / "out" / "me.wav")[:, 0]
    seams = np.r_[round(1.9 * RATE) : round(2.1 * RATE), round(2.9 * RATE) : round(3.3 * RATE)]
    step = np.abs(np.diff(filled, n=2))
    # The sound itself jumps at 2 s and 3 s; a fade softens that and must add nothing sharper.
    assert step[seams].max() < np.abs(np.diff(loud[:, 0], n=2)).max()
    assert np.abs(filled[seams]).max() < 0.45


def test_without_events_the_me_passes_bit_for_bit(tmp_path: Path, write: Write, noise: Noise) -> None:
    me = noise(RATE, 6)
    report = clean(write(me, layout="5.1"), events=[], policy=policies.get("netflix"), out_dir=tmp_path / "out")
    assert read(tmp_path / "out" / "me.wav").tobytes() == me.tobytes()
    assert not read(tmp_path / "out" / "optional.wav").any()
    assert not read(tmp_path / "out" / "dx_guide.wav").any()
    assert (report.null_error_dbfs, report.events) == (None, [])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dx_guide.wav",
        "events.parquet",
        "me.wav",
        "optional.wav",
        "report.json",
    ]


DEGENERATE: dict[str, tuple[float, list[Event]]] = {
    "at the first sample": (3.0, [event(0.0, 0.5, "FL", "FR")]),
    "at the end": (3.0, [event(2.5, 3.0, "FL", "FR")]),
    "past the end": (3.0, [event(2.5, 9.0, "FL", "FR")]),
    "as long as the file": (3.0, [event(0.0, 3.0, "FL", "FR")]),
    "overlapping, to both tracks": (
        3.0,
        [event(0.8, 1.6, "FL", "FR"), event(1.2, 2.0, "FL", disposition="optional"), event(1.21, 1.22, "FR")],
    ),
    "shorter than a sample": (3.0, [event(1.0, 1.000001, "FL")]),
    "a hundred milliseconds": (0.1, [event(0.02, 0.06, "FL", "FR")]),
    "many in a row": (3.0, [event(at / 10, at / 10 + 0.05, "FL", "FR") for at in range(29)]),
}


KINDS = ("noise", "silence", "silence around")
OFTEN = {("as long as the file", "noise"), ("overlapping, to both tracks", "noise"), ("at the first sample", "silence")}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(
            name,
            kind,
            marks=() if (name, kind) in OFTEN or kind == "silence around" else pytest.mark.slow,
        )
        for name in DEGENERATE
        for kind in KINDS
    ],
)
def test_degenerate_input_goes_through(
    name: str, kind: str, tmp_path: Path, voice: Voice, write: Write, noise: Noise
) -> None:
    seconds, events = DEGENERATE[name]
    frames = round(seconds * RATE)
    me = noise(frames, 2, rms=0.05) if kind == "noise" else np.zeros((frames, 2), np.float32)
    if kind == "silence around":
        me[round(events[0].start_seconds * RATE) :][: RATE // 4] = voice(RATE)[: len(me), None][: RATE // 4][
            : len(me) - round(events[0].start_seconds * RATE)
        ]
    report = clean(write(me, layout="stereo"), events=events, out_dir=tmp_path / "out", keep_unfilled=True)
    filled, parts = results(tmp_path / "out")
    assert filled.shape == me.shape and np.isfinite(filled).all()
    assert lacking(parts, me) < MINUS_90_DBFS
    assert np.abs(filled).max() <= 2 * np.abs(me).max(initial=0.0)
    if kind == "silence":
        assert not filled.any()
    if kind != "noise" or name == "as long as the file":
        assert {one.action for one in report.events} <= {"attenuated", "none"}


def test_events_that_do_not_belong_here_are_bad_input(tmp_path: Path, write: Write, noise: Noise) -> None:
    me = write(noise(RATE, 2), layout="stereo")
    for wrong in (event(1.5, 2.0, "FL"), event(0.1, 0.2, "FC")):
        with pytest.raises(BadInput, match="outside the M&E"):
            clean(me, events=[wrong], out_dir=tmp_path / "out")
    with pytest.raises(BadInput, match="mono beside stereo"):
        clean(me, events=[], dialogue=write(noise(RATE), layout="mono", name="dx.wav"), out_dir=tmp_path / "out")


def test_a_failure_leaves_nothing_behind(tmp_path: Path, write: Write, noise: Noise) -> None:
    bad = noise(RATE * 3, 2)
    bad[-1] = np.nan
    with pytest.raises(BadInput, match=r"at 3\.000 s"):
        clean(write(bad, layout="stereo"), events=[], out_dir=tmp_path / "out")
    with pytest.raises(Cancelled):
        clean(write(noise(RATE, 2), layout="stereo"), events=[], out_dir=tmp_path / "out", cancelled=lambda: True)
    assert list((tmp_path / "out").iterdir()) == []


def test_the_report_says_what_was_done(tmp_path: Path, voice: Voice, write: Write, noise: Noise) -> None:
    me = with_voice(noise(RATE * SECONDS, 1), voice, Layout.parse("mono"), ("FC",))
    events = [
        Event(START, START + 3.9, ("FC",), "speech", 0.9, 12.0),
        Event(6.5, 7.0, ("FC",), "laughter", 0.8, 3.0),
        Event(7.3, 7.8, ("FC",), "crowd", 0.8, 3.0),
    ]
    report = clean(write(me, layout="mono"), events=events, policy=policies.get("netflix"), out_dir=tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "report.json").read_text())
    assert saved == json.loads(json.dumps(report.to_json()))
    assert saved["counts"] == {"speech": {"remove": 1}, "laughter": {"optional": 1}, "crowd": {"keep": 1}}
    assert (saved["removed_seconds"], saved["optional_seconds"]) == (pytest.approx(3.9), pytest.approx(0.5))
    assert [one["action"] for one in saved["treatments"]] == ["filled", "filled", "none"]
    first = saved["treatments"][0]
    assert first["reduction_db"] > 6 and first["residual_db"] <= -25
    assert first["score_before"] > 0.9 > first["score_after"]
    assert [one["chosen"] for one in first["candidates"]][-1] and first["candidates"][-1]["method"] == first["method"]
    assert first["from_seconds"] <= START and first["to_seconds"] >= START + 3.9
    assert saved["remaining"] == []
    assert read_events(tmp_path / "out" / "events.parquet") == report.events
    assert isinstance(report, CleanReport) and saved["policy"] == "netflix@2"


def test_a_person_overrules_the_policy_and_the_report_says_so(tmp_path: Path, write: Write, noise: Noise) -> None:
    word, gull = (Event(at, at + 0.5, ("FC",), "speech", 0.9, 12.0) for at in (2.0, 6.0))
    said = [
        {"do": "change", "event": word.id, "disposition": "keep", "who": "ann", "note": "a parrot"},
        {"do": "drop", "event": gull.id, "who": "ben"},
    ]
    (tmp_path / "edits.json").write_text(json.dumps({"edits": said}))
    path = write(noise(RATE * SECONDS, 1), layout="mono")
    edits = read_edits(tmp_path / "edits.json")
    clean(path, events=[word, gull], policy=policies.get("clean"), edits=edits, out_dir=tmp_path / "out")
    saved = json.loads((tmp_path / "out" / "report.json").read_text())
    (kept,) = saved["treatments"]
    assert (kept["disposition"], kept["decided_by"], kept["reason"]) == ("keep", "ann", "a parrot")
    assert [(one["id"], one["decided_by"]) for one in saved["edits"]["dropped"]] == [(gull.id, "ben")]
    with WavReader(path) as before, WavReader(tmp_path / "out" / "me.wav") as after:
        np.testing.assert_array_equal(next(before.blocks(before.frames)), next(after.blocks(after.frames)))
