"""Edits from two places become one list: the order's file, and the review desk."""

from __future__ import annotations

import json

from dubline.vocalization.edits import SAME_EVENT, Add, Change, Drop, Edits, Place
from dubline.vocalization.events import Event

Edit = Change | Drop | Add


def merge(file: Edits | None, desk: Edits) -> Edits:
    """What both say; about one event the desk's word stands, for it was said looking at what the file's had led to.

    The file's edits come first, in its order, then the desk's in order of time: the same edits, however they were
    given, are the same list.
    """
    spoken = [edit for edit in desk.edits if not isinstance(edit, Add)]
    kept = [edit for edit in (file.edits if file else ()) if not any(about_one(edit, other) for other in spoken)]
    return Edits((*kept, *sorted(desk.edits, key=_when)), f"{file.where} and {desk.where}" if file else desk.where)


def about_one(edit: Edit, other: Change | Drop) -> bool:
    """Whether both speak of one event: by its id, or by places that are one."""
    if isinstance(edit, Add):
        return False
    if edit.event is not None and edit.event == other.event:
        return True
    return edit.at is not None and other.at is not None and edit.at.overlap(_at(other.at)) >= SAME_EVENT


def _at(place: Place) -> Event:
    return Event(place.start_seconds, place.end_seconds, place.channels, "speech", 1.0, 0.0, stem=place.stem)


def _when(edit: Edit) -> tuple[float, str]:
    place = edit if isinstance(edit, Add) else edit.at
    return (place.start_seconds if place else 0.0, json.dumps(edit.model_dump(mode="json"), sort_keys=True))
