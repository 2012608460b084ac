from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.errors import BadInput
from dubline.vocalization.events import ACTIONS, DISPOSITIONS, LABELS, STEMS, Event, in_order, read_events, write_events

EVENT = Event(1.0, 2.5, ("FL", "FR"), "laughter", 0.75, -3.5, "optional", "filled")

events = st.builds(
    lambda start, seconds, channels, label, score, level, disposition, action, stem: Event(
        start, start + seconds, channels, label, score, level, disposition, action, stem
    ),
    st.floats(0, 1e4),
    st.floats(0.01, 100),
    st.sampled_from([("FC",), ("FL", "FR"), ("SL", "SR")]),
    st.sampled_from(LABELS),
    st.floats(0, 1),
    st.floats(-60, 60),
    st.sampled_from(DISPOSITIONS),
    st.sampled_from(ACTIONS),
    st.sampled_from(STEMS),
)


@pytest.mark.parametrize("ending", ["parquet", "json"])
@given(found=st.lists(events, max_size=5))
def test_what_is_written_is_read(ending: str, found: list[Event], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("events") / f"events.{ending}"
    write_events(found, path)
    first = path.read_bytes()
    assert read_events(path) == in_order(found)
    write_events(found, path)
    assert path.read_bytes() == first


def test_the_table_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    write_events([EVENT], tmp_path / "events.parquet")
    assert pq.read_table(tmp_path / "events.parquet").to_pylist() == [
        {
            "start_seconds": 1.0,
            "end_seconds": 2.5,
            "channels": ["FL", "FR"],
            "label": "laughter",
            "score": 0.75,
            "level_db": -3.5,
            "disposition": "optional",
            "action": "filled",
            "stem": "me",
            "id": EVENT.id,
        }
    ]


@given(found=st.lists(events, max_size=5))
def test_an_event_is_named_by_where_it_was_found_and_as_what(found: list[Event]) -> None:
    told = {(one.stem, one.channels, f"{one.start_seconds:.6f} {one.end_seconds:.6f}", one.label) for one in found}
    assert len({one.id for one in found}) == len(told)


def test_the_name_of_an_event_outlives_what_is_decided_about_it(tmp_path: Path) -> None:
    moved = replace(EVENT, label="shout", start_seconds=0.5, disposition="keep", action="none")
    assert moved.id == EVENT.id != Event(0.5, 2.5, ("FL", "FR"), "shout", 0.75, -3.5).id
    write_events([moved], tmp_path / "events.json")
    assert read_events(tmp_path / "events.json") == [moved]


@pytest.mark.parametrize("ending", ["parquet", "json"])
def test_rows_with_only_the_fields_of_the_contract_are_new_events_of_the_me(ending: str, tmp_path: Path) -> None:
    row = {name: value for name, value in EVENT.to_json().items() if name not in ("stem", "id")}
    path = tmp_path / f"events.{ending}"
    if ending == "json":
        path.write_text(json.dumps({"events": [row]}), encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist([row]), path)
    assert read_events(path) == [EVENT]


@pytest.mark.parametrize(
    "change",
    [
        {"start_seconds": -1.0},
        {"end_seconds": 1.0},
        {"end_seconds": float("inf")},
        {"start_seconds": float("nan")},
        {"channels": []},
        {"channels": ["XX"]},
        {"label": "whistle"},
        {"score": 1.5},
        {"level_db": float("nan")},
        {"disposition": "lose"},
        {"action": "delete"},
        {"stem": "mx"},
        {"id": "the cough"},
    ],
)
def test_values_that_make_no_sense_are_bad_input(change: dict[str, object], tmp_path: Path) -> None:
    write_events([EVENT], path := tmp_path / "events.parquet")
    pq.write_table(pa.Table.from_pylist([EVENT.to_json() | change], schema=pq.read_schema(path)), path)
    with pytest.raises(BadInput, match="not a list of events"):
        read_events(path)


BROKEN = ("", "[]", "{}", "PAR1", "PAR1 and no more", '{"events": [1]}', '{"events": [{"label": "speech"}]}', "\xff")


@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("name", ["events.json", "events.parquet"])
def test_files_that_are_no_events_are_bad_input(text: str, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=name):
        read_events(tmp_path / name)


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        read_events(tmp_path / "none.parquet")


@pytest.mark.parametrize("ending", ["parquet", "json"])
def test_the_name_does_not_matter_for_reading(ending: str, tmp_path: Path) -> None:
    write_events([EVENT], tmp_path / f"events.{ending}")
    renamed = (tmp_path / f"events.{ending}").rename(tmp_path / "3f5a")
    assert read_events(renamed) == [EVENT]
