"""Notes about a title: at a moment, about an event, or about the whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from dashboards.access import Reviewer, Viewer, audit
from dashboards.decisions import Text
from dashboards.desk import TheDesk
from dashboards.title.notes import note_rows
from dashboards.title.version import Label, Slug, find_version
from db.notes import add_note

router = APIRouter(tags=["notes"])


class NoteAsked(BaseModel):
    """A note; ``at_seconds`` and ``event`` say what it is about."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Text, Field(min_length=1)]
    at_seconds: Annotated[float, Field(ge=0, le=360_000, allow_inf_nan=False)] | None = None
    event: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")


@router.get("/titles/{slug}/notes")
def notes(slug: Slug, desk: TheDesk, person: Viewer, version: Label = None) -> list[dict[str, Any]]:
    """Every note of a version, those about its deliverables too, the latest first."""
    return note_rows(desk, find_version(desk, slug, version).summary.version_id)


@router.post("/titles/{slug}/notes", status_code=201)
def note(slug: Slug, asked: NoteAsked, desk: TheDesk, person: Reviewer, version: Label = None) -> list[dict[str, Any]]:
    """Write a note. Answers with all of them."""
    version_id = find_version(desk, slug, version).summary.version_id
    with desk.catalog.write() as session:
        note_id = add_note(
            session, version_id, who=person.name, text=asked.text, event_id=asked.event, at_seconds=asked.at_seconds
        )
        audit(session, person, "note", "version", version_id, {"note_id": note_id})
    return note_rows(desk, version_id)
