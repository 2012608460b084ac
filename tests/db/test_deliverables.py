"""A deliverable is a candidate until a person decides, and what is approved stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import models as m
from db.catalog import Catalog
from db.errors import Conflict, NotFound
from db.findings import read_measurements

if TYPE_CHECKING:
    from conftest import Studio


def states(catalog: Catalog) -> dict[int, str]:
    with catalog.read() as session:
        return dict(session.execute(select(m.Deliverable.id, m.Deliverable.state)).tuples().all())


def made(studio: Studio, content: bytes) -> str:
    run = studio.run(studio.version())
    return studio.step(run, "remux", {"mix": studio.master(content)}, {"file": content + b" remuxed"})["file"]


def test_the_same_bytes_delivered_again_are_the_same_deliverable(studio: Studio) -> None:
    sha256 = made(studio, b"one")
    first = studio.deliver(studio.version(), sha256)
    assert studio.deliver(studio.version(), sha256) == first
    assert states(studio.catalog) == {first: "candidate"}
    with studio.catalog.read() as session:
        assert session.execute(select(func.count()).select_from(m.QcResult)).scalar_one() == 1
        file_id = session.get_one(m.Deliverable, first).media_file_id
        assert read_measurements(session, media_file_id=file_id) == {
            "integrated_lufs": -23.0,
            "layout": "5.1",
            "dialogue_lufs": None,
            "channels": 6,
        }


def test_a_new_candidate_takes_the_place_of_the_old(studio: Studio) -> None:
    version = studio.version()
    first = studio.deliver(version, made(studio, b"one"))
    second = studio.deliver(version, made(studio, b"two"), spec_version="2")
    assert states(studio.catalog) == {first: "superseded", second: "candidate"}
    assert studio.deliver(version, made(studio, b"one")) == first
    assert states(studio.catalog) == {first: "candidate", second: "superseded"}


def test_other_languages_are_left_alone(studio: Studio) -> None:
    version = studio.version()
    first = studio.deliver(version, made(studio, b"one"))
    second = studio.deliver(version, made(studio, b"two"), language="es-419")
    assert set(states(studio.catalog).values()) == {"candidate"}
    assert first != second


def test_what_is_approved_stays_beside_the_new_candidate(studio: Studio) -> None:
    version, sha256 = studio.version(), made(studio, b"one")
    first = studio.deliver(version, sha256)
    path = studio.folder / "out" / "fr-FR.mov"
    assert not studio.catalog.is_approved(path)
    studio.catalog.decide(first, "approved", who="producer", note="lovely")
    assert studio.catalog.is_approved(path)
    assert studio.catalog.is_approved(str(path))
    assert studio.catalog.is_approved(sha256)
    second = studio.deliver(version, made(studio, b"two"))
    assert studio.deliver(version, sha256) == first
    assert states(studio.catalog) == {first: "approved", second: "superseded"}
    third = studio.deliver(version, made(studio, b"three"))
    assert states(studio.catalog)[first] == "approved"
    assert states(studio.catalog)[third] == "candidate"


@pytest.mark.parametrize("before", [["approved"], ["approved", "delivered"]])
@pytest.mark.parametrize(("decision", "state"), [("rejected", "superseded"), ("reopened", "candidate")])
def test_a_decision_can_be_taken_back_and_all_are_remembered(
    studio: Studio, before: list[str], decision: str, state: str
) -> None:
    deliverable = studio.deliver(studio.version(), made(studio, b"one"))
    for one in before:
        studio.catalog.decide(deliverable, one, who="producer")
    studio.catalog.decide(deliverable, decision, who="director")
    assert states(studio.catalog) == {deliverable: state}
    assert not studio.catalog.is_approved(studio.folder / "out" / "fr-FR.mov")
    with studio.catalog.read() as session:
        decided = session.execute(select(m.Approval.who, m.Approval.decision).order_by(m.Approval.id)).tuples().all()
    assert decided == [*(("producer", one) for one in before), ("director", decision)]


def test_what_is_delivered_was_approved_and_stays_as_that_does(studio: Studio) -> None:
    version = studio.version()
    first = studio.deliver(version, made(studio, b"one"))
    with pytest.raises(Conflict, match="only what is approved is handed over"):
        studio.catalog.decide(first, "delivered", who="producer")
    studio.catalog.decide(first, "approved", who="producer")
    studio.catalog.decide(first, "delivered", who="producer", note="by courier")
    for again in ("approved", "delivered"):
        with pytest.raises(Conflict, match="it was handed over"):
            studio.catalog.decide(first, again, who="director")
    assert studio.catalog.is_approved(studio.folder / "out" / "fr-FR.mov")
    second = studio.deliver(version, made(studio, b"two"))
    assert studio.deliver(version, made(studio, b"one")) == first
    assert states(studio.catalog) == {first: "delivered", second: "superseded"}
    with studio.catalog.read() as session:
        decided = session.execute(select(m.Approval.decision, m.Approval.note).order_by(m.Approval.id)).tuples().all()
    assert decided == [("approved", None), ("delivered", "by courier")]


def test_of_two_who_hand_over_at_once_one_is_told(studio: Studio) -> None:
    deliverable = studio.deliver(studio.version(), made(studio, b"one"))
    studio.catalog.decide(deliverable, "approved", who="producer")

    def hand_over(who: str) -> str:
        try:
            studio.catalog.decide(deliverable, "delivered", who=who)
        except Conflict:
            return "told"
        return "done"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(hand_over, "abcd")) == ["done", "told", "told", "told"]


def test_unknown_bytes_and_deliverables_are_named(studio: Studio) -> None:
    with pytest.raises(NotFound, match="bytes are no known asset"):
        studio.deliver(studio.version(), "f" * 64)
    with pytest.raises(NotFound, match="no such deliverable"):
        studio.catalog.decide(99, "approved", who="producer")


def test_one_version_of_a_spec_has_one_wording(catalog: Catalog) -> None:
    first = catalog.register_spec("web", "1", {"target": -16.0}, verified=True)
    assert catalog.register_spec("web", "1", {"target": -16.0}) == first
    catalog.check_spec("web", "1", {"target": -16.0})
    for act in (catalog.register_spec, catalog.check_spec):
        with pytest.raises(Conflict, match="'web' version 1 is known to the catalog with other content"):
            act("web", "1", {"target": -14.0})
    catalog.check_spec("web", "2", {"target": -14.0})
    assert catalog.register_spec("web", "2", {"target": -14.0}) != first
    with catalog.read() as session:
        row = session.get_one(m.Spec, first)
        assert (row.body, row.verified) == ({"target": -16.0}, True)


def test_a_models_card_may_change_and_its_weights_may_not(catalog: Catalog) -> None:
    card: dict[str, str | None] = {"id": "x", "name": "X", "version": "1", "sha256": "a" * 64, "licence": None}
    first = catalog.register_model(card, params={"bands": 64})  # type: ignore[arg-type]
    again = catalog.register_model(card | {"licence": "MIT"}, status="active")  # type: ignore[arg-type]
    other = catalog.register_model(card | {"sha256": "b" * 64})  # type: ignore[arg-type]
    assert first == again != other
    with catalog.read() as session:
        row = session.get_one(m.Model, first)
        assert (row.licence, row.status, row.params) == ("MIT", "active", {"bands": 64})


def test_events_of_a_file_are_written_once(studio: Studio) -> None:
    version = studio.version()
    sha256 = made(studio, b"events")
    event = {
        "start_seconds": 1.0,
        "end_seconds": 1.5,
        "channels": ["FL", "FR"],
        "label": "laughter",
        "score": 0.9,
        "level_db": -30.0,
        "disposition": "optional",
        "action": "none",
        "stem": "dx",
        "id": "0123456789ab",
        "more": "stays in the file",
    }
    assert studio.catalog.record_events(version, sha256, [event, event | {"label": "cough"}]) == 2
    assert studio.catalog.record_events(version, sha256, [event]) == 2
    with studio.catalog.read() as session:
        rows = session.execute(select(m.VocalEvent).order_by(m.VocalEvent.id)).scalars().all()
        assert [(row.label, row.channels, row.level_db, row.stem, row.event_id) for row in rows] == [
            ("laughter", ["FL", "FR"], -30.0, "dx", "0123456789ab"),
            ("cough", ["FL", "FR"], -30.0, "dx", "0123456789ab"),
        ]
    with pytest.raises(NotFound, match="no such events file"):
        studio.catalog.record_events(version, "f" * 64, [event])
