"""Deliverables, and what people decide on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from dashboards.access import Reviewer, Viewer
from dashboards.decisions import Decided, Id, Text, decide_on, note_on
from dashboards.desk import TheDesk
from dashboards.media import signed
from db.review import DeliverableDetail

router = APIRouter(tags=["deliverables"])

_AN_HOUR = 3600


class DecisionIn(BaseModel):
    """A decision and why."""

    model_config = ConfigDict(extra="forbid")

    decision: Decided
    note: Text = ""


class NoteIn(BaseModel):
    """A note."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Text, Field(min_length=1)]


class NoteOut(BaseModel):
    """The note that was written."""

    note_id: int


class MediaOut(BaseModel):
    """Where the bytes are for a while."""

    url: str
    sha256: str


@router.get("/deliverables/{deliverable_id}")
def deliverable(deliverable_id: Id, desk: TheDesk, person: Viewer) -> DeliverableDetail:
    """A deliverable with its verdict, checks, figures, decisions and notes."""
    return desk.catalog.deliverable(deliverable_id)


@router.get("/deliverables/{deliverable_id}/media")
def media(deliverable_id: Id, desk: TheDesk, person: Viewer) -> MediaOut:
    """An address of its bytes, good for an hour."""
    found = desk.catalog.deliverable(deliverable_id)
    return MediaOut(url=signed(desk, found.sha256, "deliverable", _AN_HOUR), sha256=found.sha256)


@router.post("/deliverables/{deliverable_id}/decision")
def decision(deliverable_id: Id, told: DecisionIn, desk: TheDesk, person: Reviewer) -> DeliverableDetail:
    """Approve, reject, reopen, or say that an approved one was delivered; the note is kept beside it."""
    decide_on(desk, person, deliverable_id, told.decision, told.note)
    return desk.catalog.deliverable(deliverable_id)


@router.post("/deliverables/{deliverable_id}/notes", status_code=201)
def note(deliverable_id: Id, told: NoteIn, desk: TheDesk, person: Reviewer) -> NoteOut:
    """Write a note."""
    return NoteOut(note_id=note_on(desk, person, deliverable_id, told.text))
