"""What people decide, for pages and for programs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import HTTPException, Path
from pydantic import AfterValidator, StringConstraints

from dashboards.access import Person, audit
from dashboards.desk import Desk
from dashboards.prefect import PrefectAway
from db.deliverables import decide
from db.errors import Conflict
from db.notes import add_note

# SQL's integers end there.
Id = Annotated[int, Path(ge=1, le=2**31 - 1)]
Decided = Literal["approved", "rejected", "reopened", "delivered"]
Queue = Literal["rush", "normal", "nightly"]


def _sound(text: str) -> str:
    """Text without control characters, which PostgreSQL refuses in part and pages show badly."""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t").strip()


Text = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_sound)]


def decide_on(desk: Desk, person: Person, deliverable_id: int, decision: Decided, note: str) -> None:
    """Write what a person decides; a deliverable that failed its check is approved only with a note that says why."""
    found = desk.catalog.deliverable(deliverable_id)
    if decision == "approved" and found.verdict == "fail" and not note:
        raise HTTPException(409, "It failed its check: say in the note why it is approved all the same.")
    try:
        with desk.catalog.write() as session:
            decide(session, deliverable_id, decision, who=person.name, note=note or None)
            audit(session, person, decision, "deliverable", deliverable_id, {"note": note, "sha256": found.sha256})
    except Conflict as refused:
        raise HTTPException(409, f"{refused.what[0].upper()}{refused.what[1:]}: {refused.mend}.") from refused


def note_on(desk: Desk, person: Person, deliverable_id: int, text: str) -> int:
    """Write a note about a deliverable; returns its id."""
    if not text:
        raise HTTPException(422, "A note has words.")
    found = desk.catalog.deliverable(deliverable_id)
    with desk.catalog.write() as session:
        note_id = add_note(session, found.version_id, who=person.name, text=text, deliverable_id=deliverable_id)
        audit(session, person, "note", "deliverable", deliverable_id, {"note_id": note_id})
    return note_id


def run_again(desk: Desk, person: Person, slug: str, label: str, queue: Queue) -> str:
    """Hand the version's stored order to Prefect; returns the flow run's id. 409 without order, 503 without Prefect."""
    found = desk.catalog.title(f"{slug}/{label}")
    version_id = found.summary.version_id
    order = desk.catalog.latest_order(version_id)
    if order is None:
        raise HTTPException(409, "Its order was not kept: hand it in again with `dubline submit`.")
    try:
        flow_run = desk.prefect.start(
            slug, version_id, order_path=str(order.path), out=str(order.out), queue=queue, who=person.name
        )
    except PrefectAway as error:
        raise HTTPException(503, f"{error} Nothing was started.") from error
    with desk.catalog.write() as session:
        audit(session, person, "run asked for", "version", version_id, {"queue": queue, "run": flow_run})
    return flow_run
