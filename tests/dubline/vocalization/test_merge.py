"""The order's file and the review desk speak with one voice, and the desk's is the later word."""

from __future__ import annotations

from typing import Any

from dubline.vocalization.decide import decide
from dubline.vocalization.edits import Edits, parse_edits, write_edits
from dubline.vocalization.events import Event
from dubline.vocalization.merge import merge

LAUGH = Event(1.0, 2.0, ("FC",), "laughter", 0.9, 12.0)
SHOUT = Event(5.0, 6.0, ("FL", "FR"), "shout", 0.8, 9.0)


def said(*rows: dict[str, Any], where: str = "desk") -> Edits:
    return parse_edits([{"who": where, **row} for row in rows], where=where)


def at(event: Event) -> dict[str, Any]:
    return {
        "start_seconds": event.start_seconds,
        "end_seconds": event.end_seconds,
        "channels": list(event.channels),
        "stem": event.stem,
    }


def test_the_desk_s_word_stands_where_both_speak_of_one_event_by_id_or_place() -> None:
    for about in ({"event": LAUGH.id}, {"at": at(LAUGH)}, {"at": at(LAUGH) | {"end_seconds": 1.9}}):
        file = said({"do": "change", **about, "disposition": "remove"}, where="file")
        desk = said({"do": "change", "event": LAUGH.id, "at": at(LAUGH), "disposition": "keep"})
        decided = decide([LAUGH, SHOUT], edits=merge(file, desk))
        assert [(one.event.disposition, one.by) for one in decided.decisions] == [
            ("keep", "desk"),
            ("keep", "the list of events"),
        ]


def test_what_only_one_of_them_says_is_kept_and_every_edit_changes_its_own_event_alone() -> None:
    file = said({"do": "drop", "event": SHOUT.id, "note": "a gull"}, where="file")
    add = {"do": "add", "start_seconds": 3.0, "end_seconds": 3.5, "channels": ["FC"], "label": "breath"}
    desk = said({**add, "disposition": "optional"}, {"do": "change", "event": LAUGH.id, "label": "crying"})
    decided = decide([LAUGH, SHOUT], edits=merge(file, desk))
    assert [one.event.label for one in decided.decisions] == ["crying", "breath"]
    assert [one.event for one in decided.dropped] == [SHOUT]
    assert not decided.unmatched


def test_the_same_edits_in_another_order_are_the_same_bytes(tmp_path: Any) -> None:
    rows = [
        {"do": "change", "event": SHOUT.id, "at": at(SHOUT), "disposition": "keep"},
        {"do": "change", "event": LAUGH.id, "at": at(LAUGH), "disposition": "keep"},
    ]
    for number, order in enumerate((rows, rows[::-1])):
        write_edits(merge(None, said(*order)), tmp_path / f"{number}.json")
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()
