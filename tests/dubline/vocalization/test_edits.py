"""What a person says about an event holds, and an edits file that is not understood to the letter is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.vocalization import policies
from dubline.vocalization.decide import decide
from dubline.vocalization.edits import Edits, Place, read_edits, write_edits
from dubline.vocalization.events import Event

WORD = Event(1.0, 2.0, ("FC",), "speech", 0.9, 8.0)
GULL = Event(5.0, 5.8, ("FL", "FR"), "shout", 0.6, 4.0)
NETFLIX = policies.get("netflix")

Edit = Callable[..., Edits]


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Edits written to a file and read again."""

    def read(*rows: dict[str, Any]) -> Edits:
        path = tmp_path / "edits.yaml"
        path.write_text(yaml.safe_dump({"edits": [{"who": "ann", **row} for row in rows]}), encoding="utf-8")
        return read_edits(path)

    return read


def test_a_person_overrules_the_policy_and_is_named(edited: Edit) -> None:
    edits = edited({"do": "change", "event": WORD.id, "disposition": "keep", "note": "a parrot"})
    decided = decide([WORD, GULL], policy=NETFLIX, edits=edits)
    assert [event.disposition for event in decided.events] == ["keep", "optional"]
    first, second = decided.decisions
    assert (first.by, first.reason, first.edited) == ("ann", "a parrot", "changed")
    assert (second.by, second.edited) == (f"netflix@{NETFLIX.version}", "no")
    assert "screams" in second.reason


def test_what_is_dropped_is_gone_from_the_events_but_not_from_the_record(edited: Edit) -> None:
    decided = decide([WORD, GULL], policy=NETFLIX, edits=edited({"do": "drop", "event": GULL.id, "note": "a gull"}))
    assert [event.id for event in decided.events] == [WORD.id]
    assert decided.edits_json()["dropped"][0] | {"decided_by": "ann", "reason": "a gull"} == (
        GULL.to_json() | {"decided_by": "ann", "reason": "a gull", "edited": "dropped", "detected": None}
    )


def test_another_label_is_disposed_of_as_such_and_keeps_the_events_name(edited: Edit) -> None:
    edits = edited({"do": "change", "event": GULL.id, "label": "crowd", "end_seconds": 6.5})
    decision = decide([GULL], policy=NETFLIX, edits=edits).decisions[0]
    event = decision.event
    assert (event.label, event.end_seconds, event.disposition, event.id) == ("crowd", 6.5, "keep", GULL.id)
    assert decision.to_json()["detected"] == GULL.to_json()


def test_a_missed_event_is_added_in_its_place(edited: Edit) -> None:
    add = {"do": "add", "start_seconds": 3.0, "end_seconds": 3.4, "channels": ["FC"], "label": "breath", "stem": "dx"}
    decided = decide([GULL, WORD], policy=NETFLIX, edits=edited({**add, "disposition": "optional"}))
    assert [event.start_seconds for event in decided.events] == [1.0, 3.0, 5.0]
    added = decided.decisions[1]
    assert (added.event.label, added.event.stem, added.event.disposition) == ("breath", "dx", "optional")
    assert (added.detected, added.edited) == (None, "added")


def test_an_event_that_was_detected_anew_is_found_by_its_place(edited: Edit) -> None:
    at = {"start_seconds": 1.1, "end_seconds": 2.1, "channels": ["FC"]}
    edits = edited({"do": "change", "event": "0" * 12, "at": at, "disposition": "optional"})
    assert decide([WORD, GULL], edits=edits).events[0].disposition == "optional"


@pytest.mark.parametrize(
    "other",
    [
        replace(WORD, start_seconds=1.6, end_seconds=2.6, id=""),  # another moment
        replace(WORD, end_seconds=4.0, id=""),  # it has become part of a much longer one
        replace(WORD, channels=("FL", "FR"), id=""),
        replace(WORD, stem="dx", id=""),
    ],
)
def test_an_edit_that_fits_no_event_is_said_and_touches_none(edited: Edit, other: Event) -> None:
    at = {"start_seconds": 1.0, "end_seconds": 2.0, "channels": ["FC"]}
    decided = decide([other], edits=edited({"do": "change", "at": at, "disposition": "remove"}))
    assert decided.events == [other]
    assert [one["at"]["start_seconds"] for one in decided.edits_json()["unmatched"]] == [1.0]


def test_two_edits_of_one_event_are_refused(edited: Edit) -> None:
    at = {"start_seconds": 1.0, "end_seconds": 2.0, "channels": ["FC"]}
    edits = edited({"do": "drop", "event": WORD.id}, {"do": "change", "at": at, "disposition": "keep"})
    with pytest.raises(BadInput, match=r"an earlier edit speaks of event \w+ too \(.*edits\.yaml, edit 2\)"):
        decide([WORD], edits=edits)


def test_a_change_that_turns_an_event_around_is_refused(edited: Edit) -> None:
    with pytest.raises(BadInput, match="cannot be changed so"):
        decide([WORD], edits=edited({"do": "change", "event": WORD.id, "start_seconds": 9.0}))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"do": "change", "event": WORD.id}, "edit 1 is wrong .*changes nothing"),
        ({"do": "change", "disposition": "keep"}, "edit 1 is wrong .*names no event"),
        ({"do": "change", "event": "gull", "disposition": "keep"}, "edit 1 event is wrong"),
        ({"do": "change", "event": WORD.id, "disposition": "delete"}, "edit 1 disposition is wrong"),
        ({"do": "drop", "event": WORD.id, "disposition": "keep"}, "edit 1 disposition is wrong"),
        ({"do": "drop", "event": WORD.id, "who": ""}, "edit 1 who is wrong"),
        ({"do": "remove", "event": WORD.id}, "edit 1 is wrong"),
        ({"do": "drop", "at": {"start_seconds": 2, "end_seconds": 1, "channels": ["FC"]}}, "edit 1 at is wrong"),
        ({"do": "drop", "at": {"start_seconds": 1, "end_seconds": 2, "channels": ["C"]}}, "edit 1 at channels"),
    ],
)
def test_what_no_edit_says_is_refused(edited: Edit, row: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        edited(row)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "edits: [",
        "[]",
        "edits: []\nedits: []",
        "edits: []\ntitle: mine",
        "edits: 3",
        "\x00",
        '{"edits": [], "edits": []}',
    ],
)
def test_a_file_that_is_no_list_of_edits_is_bad_input(text: str, tmp_path: Path) -> None:
    path = tmp_path / ("edits.json" if text.startswith("{") else "edits.yaml")
    path.write_text(text)
    with pytest.raises(BadInput, match=r"edits\.(json|yaml)"):
        read_edits(path)
    with pytest.raises(BadInput, match=r"none\.yaml"):
        read_edits(tmp_path / "none.yaml")


def test_json_says_the_same_as_yaml(edited: Edit, tmp_path: Path) -> None:
    drop = {"do": "drop", "event": WORD.id, "who": "ann", "note": "une chouette \u2014 pas un cri"}
    at = {"start_seconds": 1.0, "end_seconds": 2.0, "channels": ["FC"], "stem": "dx"}
    said = edited(
        drop, {"do": "change", "at": at, "label": "cough"}, {"do": "add", **at, "label": "shout", "disposition": "keep"}
    )
    write_edits(said, tmp_path / "edits.json")
    assert read_edits(tmp_path / "edits.json").edits == said.edits
    (tmp_path / "tabs.json").write_text(json.dumps({"edits": [drop]}, indent="\t"))
    assert read_edits(tmp_path / "tabs.json").edits == said.edits[:1]


SPAN = st.tuples(st.floats(0, 100), st.floats(0.01, 10)).map(lambda span: (span[0], span[0] + span[1]))


@given(SPAN, SPAN)
def test_overlap_is_whole_with_itself_and_mutual(one: tuple[float, float], two: tuple[float, float]) -> None:
    def overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
        place = Place(start_seconds=a[0], end_seconds=a[1], channels=("FC",))
        return place.overlap(Event(*b, ("FC",), "speech", 1.0, 0.0))

    assert overlap(one, one) == 1.0
    assert overlap(one, two) == overlap(two, one) <= 1.0
