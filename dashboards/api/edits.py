"""Corrections of events: what the next cleaning of a version takes in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from dashboards.access import Person, Reviewer, Viewer, audit
from dashboards.decisions import Id
from dashboards.desk import Desk, TheDesk
from dashboards.title.edits import EditAsked, edit_row, plan_edit
from dashboards.title.events import events_of
from dashboards.title.version import Label, Slug, find_version
from dashboards.title.view import seconds_of, stale_row, steps_shown
from db.edits import add_edit, withdraw_edit

router = APIRouter(tags=["edits"])


@router.get("/titles/{slug}/edits")
def edits(slug: Slug, desk: TheDesk, person: Viewer, version: Label = None) -> dict[str, Any]:
    """Every edit of a version, withdrawn or in force, oldest first; and what those in force make stale."""
    version_id = find_version(desk, slug, version).summary.version_id
    return _listed(desk, version_id, standing=False)


@router.post("/titles/{slug}/edits", status_code=201)
def edit(slug: Slug, asked: EditAsked, desk: TheDesk, person: Reviewer, version: Label = None) -> dict[str, Any]:
    """Write an edit; one in force about the same event gives way. Answers with the edits then in force."""
    found = find_version(desk, slug, version)
    version_id = found.summary.version_id
    _, made = steps_shown(desk, version_id)
    standing = desk.catalog.edits(version_id, standing=True)
    planned = plan_edit(asked, events_of(desk, made), standing, seconds=seconds_of(desk, found, made), who=person.name)
    with desk.catalog.write() as session:
        for edit_id in planned.withdraw:
            _withdraw(session, person, version_id, edit_id)
        if planned.kind is not None:
            kept = add_edit(
                session,
                version_id,
                kind=planned.kind,
                event_id=planned.event_id,
                body=planned.body,
                note=asked.note,
                who=person.name,
            )
            audit(session, person, "edit-event", "event_edit", kept.edit_id, kept.said())
    return _listed(desk, version_id, standing=True)


@router.delete("/titles/{slug}/edits/{edit_id}")
def withdraw(slug: Slug, edit_id: Id, desk: TheDesk, person: Reviewer, version: Label = None) -> dict[str, Any]:
    """Take an edit back. Answers with the edits then in force."""
    found = find_version(desk, slug, version)
    version_id = found.summary.version_id
    with desk.catalog.write() as session:
        _withdraw(session, person, version_id, edit_id)
    return _listed(desk, version_id, standing=True)


def _withdraw(session: Session, person: Person, version_id: int, edit_id: int) -> None:
    withdraw_edit(session, version_id, edit_id, who=person.name)
    audit(session, person, "withdraw-edit", "event_edit", edit_id)


def _listed(desk: Desk, version_id: int, *, standing: bool) -> dict[str, Any]:
    run_id, _ = steps_shown(desk, version_id)
    return {
        "edits": [edit_row(one) for one in desk.catalog.edits(version_id, standing=standing)],
        "stale": None if run_id is None else stale_row(desk, run_id),
    }
