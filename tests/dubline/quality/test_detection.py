from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dubline.quality.detection import DetectionScores, Item, false_events, matches, score, table
from dubline.quality.detection_pictures import confusion_picture, roc_picture
from dubline.quality.roc import RocMeter
from dubline.vocalization.events import LABELS, Event, Label, Stem


def event(
    start: float,
    end: float,
    label: Label = "speech",
    *,
    channels: tuple[str, ...] = ("FC",),
    level_db: float = 0.0,
    stem: Stem = "me",
) -> Event:
    return Event(start, end, channels, label, 1.0, level_db, stem=stem)


@pytest.mark.parametrize(
    ("found", "is_found", "is_named"),
    [
        ([], False, False),
        ([event(1.0, 3.0)], True, True),
        ([event(1.0, 1.9)], False, False),
        ([event(0.0, 2.1)], True, True),
        ([event(1.0, 1.6), event(2.4, 3.0)], True, True),
        ([event(1.0, 1.6), event(1.2, 1.9)], False, False),
        ([event(1.0, 3.0, "laughter")], True, False),
        ([event(1.0, 2.0, "laughter"), event(2.0, 3.0)], True, True),
        ([event(1.0, 3.0, channels=("FL", "FR"))], False, False),
        ([event(1.0, 3.0, stem="dx")], False, False),
    ],
)
def test_an_event_is_found_when_half_of_it_is_covered(found: list[Event], is_found: bool, is_named: bool) -> None:
    (match,) = matches([event(1.0, 3.0)], found)
    assert (match.is_found, match.is_named) == (is_found, is_named)


@pytest.mark.parametrize(
    ("found", "is_false"),
    [
        (event(1.0, 3.0), False),
        (event(2.0, 3.9), False),
        (event(2.0, 4.1), True),
        (event(5.0, 6.0), True),
        (event(1.0, 3.0, "cough"), False),
        (event(1.0, 3.0, channels=("SL",)), True),
    ],
)
def test_an_event_is_false_when_most_of_it_is_nowhere_true(found: Event, is_false: bool) -> None:
    assert false_events([event(1.0, 3.0)], [found]) == ([found] if is_false else [])


def scores() -> DetectionScores:
    """Half an hour: three speeches at 0, -6 and -12 dB, the last missed, a cough taken for speech, one lie."""
    true = (
        event(1.0, 2.0, level_db=0.0),
        event(11.0, 12.0, level_db=-6.0),
        event(21.0, 22.0, level_db=-12.0),
        event(31.0, 32.0, "cough", level_db=3.0),
    )
    found = (event(1.0, 2.0), event(11.0, 12.0), event(31.0, 32.0), event(100.0, 101.0, "crowd"))
    return score([Item(true, found, 1200.0), Item((), (), 600.0)])


def test_recall_is_told_by_label_and_level() -> None:
    found = scores()
    loud = found.recall("speech", lowest_db=-6.0)
    assert (loud.events, loud.found, loud.named) == (2, 2, 2)
    quiet = found.recall("speech", lowest_db=-12.0, below_db=-6.0)
    assert (quiet.events, quiet.found, quiet.named) == (1, 0, 0)
    cough = found.recall("cough")
    assert (cough.events, cough.found, cough.named) == (1, 1, 0)


def test_false_events_are_told_by_the_hour() -> None:
    found = scores()
    assert found.false_per_hour == pytest.approx(2.0)
    assert found.false["crowd"] == 1 == sum(found.false.values())
    assert score([]).false_per_hour is None


def test_the_confusion_counts_every_event_once() -> None:
    counts = scores().confusion
    speech, cough, crowd = (LABELS.index(label) for label in ("speech", "cough", "crowd"))
    assert counts[speech, speech] == 2 and counts[speech, -1] == 1
    assert counts[cough, speech] == 1 and counts[-1, crowd] == 1
    assert counts.sum() == 5


def test_the_report_is_json_and_the_table_names_every_label() -> None:
    body = json.loads(json.dumps(scores().to_json(), allow_nan=False))
    assert body["recall"]["-6 dB and louder"]["speech"]["found_share"] == 1.0
    assert body["recall"]["-6 dB and louder"]["shout"]["found_share"] is None
    text = table(scores())
    assert all(f"| {label} |" in text for label in LABELS) and "2.0 in 0.50 h" in text


found_events = st.lists(
    st.builds(
        lambda start, seconds, label: event(start, start + seconds, label),
        st.floats(0, 20),
        st.floats(0.1, 5),
        st.sampled_from(LABELS),
    ),
    max_size=6,
)


@given(true=found_events, found=found_events)
def test_what_is_found_as_it_is_has_no_fault_and_shares_are_shares(true: list[Event], found: list[Event]) -> None:
    assert all(match.is_named for match in matches(true, true)) and not false_events(true, true)
    assert all(0.0 <= match.named <= match.covered <= 1.0 + 1e-9 for match in matches(true, found))
    assert not any(match.is_found for match in matches(true, [])) and false_events([], found) == found


def test_a_coin_has_half_the_area_and_an_oracle_all_of_it() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((20_000, 2)) < 0.2
    meter = RocMeter(3)
    for block in np.array_split(np.arange(len(truth)), 7):
        random = rng.random(len(block))
        sure = np.where(truth[block, 1], 0.9, 0.1)
        never = np.zeros(len(block), np.bool_)
        meter.process(
            np.stack([random, sure, random], axis=1), np.stack([truth[block, 0], truth[block, 1], never], axis=1)
        )
    coin, oracle = meter.curve(0), meter.curve(1)
    assert coin is not None and coin.area == pytest.approx(0.5, abs=0.02)
    assert oracle is not None and oracle.area == pytest.approx(1.0)
    assert meter.curve(2) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=40))
def test_the_area_is_the_chance_to_rank_rightly(frames: list[tuple[float, bool]]) -> None:
    held = [round(value, 1) for value, truth in frames if truth]
    free = [round(value, 1) for value, truth in frames if not truth]
    meter = RocMeter(1)
    meter.process(
        np.array([[round(value, 1)] for value, _ in frames]), np.array([[truth] for _, truth in frames], np.bool_)
    )
    curve = meter.curve(0)
    if curve is None:
        assert not held or not free
        return
    pairs = [(a > b) + 0.5 * (a == b) for a in held for b in free]
    assert curve.area == pytest.approx(sum(pairs) / len(pairs))
    assert (np.diff(curve.threshold) <= 0).all() and curve.threshold[0] == 1.0


@pytest.mark.parametrize("of", [scores, lambda: score([])])
def test_pictures_are_drawn_the_same_each_time(of: Callable[[], DetectionScores], tmp_path: Path) -> None:
    meter = RocMeter(1)
    meter.process(np.array([[0.2], [0.8]]), np.array([[False], [True]]))
    curve = meter.curve(0)
    assert curve is not None
    for name in ("one.png", "two.png"):
        confusion_picture(tmp_path / name, of())
        roc_picture(tmp_path / f"roc-{name}", {"speech": curve} if of is scores else {})
    for name in ("one.png", "roc-one.png"):
        with Image.open(tmp_path / name) as picture:
            assert min(picture.size) > 500 and len(picture.convert("RGB").getcolors(1 << 20) or []) > 2
        assert (tmp_path / name).read_bytes() == (tmp_path / name.replace("one", "two")).read_bytes()
