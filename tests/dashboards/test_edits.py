"""A correction made over HTTP is kept under a name, changes its own event and no other, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dashboards.desk import Desk
from dubline.vocalization.decide import Decided, decide
from dubline.vocalization.edits import parse_edits
from dubline.vocalization.merge import merge
from tests.dashboards.browser.film import EVENTS, Workshop
from tests.dashboards.conftest import Browser

EDITS = "/api/titles/night-ferry/edits"
SPEECH, LAUGH, BREATH = EVENTS
ADD = {
    "do": "add",
    "start_seconds": 5.0,
    "end_seconds": 5.4,
    "channels": ["FL"],
    "label": "cough",
    "disposition": "keep",
}


@pytest.fixture
def title(desk: Desk, tmp_path: Path) -> int:
    """A title that was cleaned once; its version's id."""
    workshop = Workshop(desk.catalog, desk.store, tmp_path / "made")
    version_id = workshop.begin(seconds=8.0, slug="night-ferry", name="Night Ferry")
    sound = workshop.listed(tmp_path / "sound.json", {})
    cleaned = workshop.step("clean", {"report": workshop.report(EVENTS), "me_filled": sound})
    index = workshop.listed(tmp_path / "index.json", {"frames": 8 * 48_000, "rate": 48_000})
    mixed = workshop.step("mix", {"print_master": index}, {"me_filled": cleaned["me_filled"]})
    workshop.step(
        "tiles", {"tiles": sound, "index": index}, {"sound": mixed["print_master"]}, track="mix", language="fr-FR"
    )
    workshop.deliver(version_id, mixed["print_master"], "first")
    return version_id


@pytest.fixture
def ask(title: int, browser: Callable[..., Browser]) -> Callable[..., Any]:
    """Sends an edit as the reviewer."""
    reviewer = browser("reviewer")
    return lambda method="POST", path=EDITS, **said: reviewer.ask(method, path, said or None)


def decided(desk: Desk, version_id: int) -> Decided:
    """What the next cleaning decides about the events that were detected."""
    said = parse_edits([one.said() for one in desk.catalog.edits(version_id, standing=True)], where="the review desk")
    return decide(list(EVENTS), edits=merge(None, said))


def test_an_edit_changes_its_own_event_and_no_other_and_says_who(
    ask: Callable[..., Any], desk: Desk, title: int
) -> None:
    assert ask(do="change", event=LAUGH.id, disposition="keep", note="she never speaks").status_code == 201
    assert ask(do="drop", event=BREATH.id, note="wind").status_code == 201
    assert ask(**ADD).status_code == 201
    found = decided(desk, title)
    assert [(one.event.id, one.event.disposition, one.by, one.reason) for one in found.decisions[:2]] == [
        (SPEECH.id, "remove", "the list of events", ""),
        (LAUGH.id, "keep", "reviewer", "she never speaks"),
    ]
    assert [(one.event.label, one.by) for one in found.decisions[2:]] == [("cough", "reviewer")]
    assert [(one.event.id, one.by, one.reason) for one in found.dropped] == [(BREATH.id, "reviewer", "wind")]
    assert not found.unmatched


def test_the_later_word_about_an_event_stands_alone_and_one_taken_back_is_not_made(
    ask: Callable[..., Any], desk: Desk, title: int
) -> None:
    ask(do="change", event=LAUGH.id, disposition="keep")
    told = ask(do="change", event=LAUGH.id, disposition="remove").json()
    assert [one["disposition"] for one in told["edits"]] == ["remove"]
    told = ask("DELETE", f"{EDITS}/{told['edits'][0]['id']}").json()
    assert told["edits"] == []
    assert [one.edited for one in decided(desk, title).decisions] == ["no", "no", "no"]
    kept = desk.catalog.edits(title)
    assert [(one.who, one.withdrawn_by) for one in kept] == [("reviewer", "reviewer")] * 2


def test_an_added_event_is_changed_and_dropped_under_the_name_it_will_have(
    ask: Callable[..., Any], desk: Desk, title: int
) -> None:
    made = ask(**ADD).json()["edits"][0]["makes"]
    told = ask(do="change", event=made, label="breath").json()["edits"]
    assert [(one["do"], one["label"], one["start_seconds"]) for one in told] == [("add", "breath", 5.0)]
    assert [one.event.id for one in decided(desk, title).decisions][-1] == told[0]["makes"] != made
    assert ask(do="drop", event=told[0]["makes"]).json()["edits"] == []


def test_an_event_that_detection_has_renamed_is_still_spoken_of_once(
    ask: Callable[..., Any], desk: Desk, title: int, tmp_path: Path
) -> None:
    ask(do="change", event=LAUGH.id, disposition="keep")
    ask(do="change", event=BREATH.id, disposition="remove")
    renamed = replace(LAUGH, start_seconds=2.25, id="")
    workshop = Workshop(desk.catalog, desk.store, tmp_path / "later")
    workshop.begin(seconds=8.0, slug="night-ferry", name="Night Ferry")
    index = workshop.listed(tmp_path / "later.json", {"frames": 8 * 48_000, "rate": 48_000, "later": True})
    workshop.step("clean", {"report": workshop.report([SPEECH, renamed, BREATH])})
    workshop.step("tiles", {"tiles": index, "index": index}, track="mix", language="fr-FR")
    told = ask(do="drop", event=renamed.id, note="a gull").json()["edits"]
    assert [(one["do"], one["event"]) for one in told] == [("change", BREATH.id), ("drop", renamed.id)]
    said = parse_edits([one.said() for one in desk.catalog.edits(title, standing=True)], where="the review desk")
    found = decide([SPEECH, renamed, BREATH], edits=merge(None, said))
    assert [one.event.id for one in found.dropped] == [renamed.id] and not found.unmatched


def test_what_was_taken_back_or_drawn_before_is_not_so_twice(ask: Callable[..., Any], desk: Desk, title: int) -> None:
    (drawn,) = ask(**ADD).json()["edits"]
    again = ask(**ADD, note="twice")
    assert again.status_code == 409 and "drawn already" in again.json()["detail"]
    assert ask("DELETE", f"{EDITS}/{drawn['id']}").json()["edits"] == []
    again = ask("DELETE", f"{EDITS}/{drawn['id']}")
    assert again.status_code == 409 and "taken back already" in again.json()["detail"]
    assert ask(**ADD).status_code == 201


def test_what_an_edit_makes_stale_is_the_cleaning_and_what_follows_from_it(
    ask: Callable[..., Any], desk: Desk, title: int
) -> None:
    stale = ask(do="drop", event=LAUGH.id).json()["stale"]
    assert stale["stages"] == {"clean": 1, "mix": 1, "tiles": 1, "remux": 1}
    (made,) = desk.catalog.title("night-ferry").deliverables
    assert stale["deliverables"] == [made.deliverable_id]


REFUSED: tuple[tuple[int, dict[str, Any]], ...] = (
    (404, {"do": "drop", "event": "0" * 12}),
    (422, {"do": "drop"}),
    (422, {"do": "change", "event": LAUGH.id}),
    (422, {"do": "change", "event": LAUGH.id, "label": "sneeze"}),
    (422, {"do": "change", "event": LAUGH.id, "end_seconds": 1.0}),
    (422, {"do": "change", "event": LAUGH.id, "channels": ["LFE"]}),
    (422, {**ADD, "end_seconds": 9.0}),
    (422, {**ADD, "end_seconds": 4.0}),
    (422, {**ADD, "channels": []}),
    (422, {"do": "add", "label": "cough"}),
    (422, {**ADD, "who": "somebody else"}),
    (422, {**ADD, "end_seconds": 1e308}),
)


def test_what_the_cleaning_would_refuse_is_refused_at_once(ask: Callable[..., Any], desk: Desk, title: int) -> None:
    for status, said in REFUSED:
        assert ask(**said).status_code == status, said
    assert desk.catalog.edits(title) == []
