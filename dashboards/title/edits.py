"""What a person asks about an event, checked against the run they look at, as the next cleaning takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from dashboards.decisions import Text
from dashboards.title.events import VERIFICATION, EventsOfARun
from db.edits import EditFacts
from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.vocalization.edits import Add, parse_edits
from dubline.vocalization.events import Disposition, Event, Label, Stem
from dubline.vocalization.merge import Edit, about_one

_Seconds = Annotated[float, Field(ge=0, le=360_000, allow_inf_nan=False)]
_Tag = Annotated[str, Field(pattern=r"^[A-Z]{2,4}$")]


class EditAsked(BaseModel):
    """An edit: ``change`` or ``drop`` the event of this id, or ``add`` one that was missed."""

    model_config = ConfigDict(extra="forbid")

    do: Literal["change", "drop", "add"]
    event: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$", description="The event's id; not for `add`.")
    disposition: Disposition | None = None
    label: Label | None = None
    start_seconds: _Seconds | None = None
    end_seconds: _Seconds | None = None
    channels: list[_Tag] | None = Field(default=None, min_length=1, max_length=16)
    stem: Stem | None = Field(default=None, description="Which stem an added event is in: `me` where not said.")
    note: Text = ""

    @property
    def fields(self) -> dict[str, Any]:
        """What it says of the event."""
        named = ("disposition", "label", "start_seconds", "end_seconds", "channels")
        return {name: value for name in named if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be written: an edit, or nothing; and the edits that go, for they spoke of the same."""

    kind: Literal["change", "drop", "add"] | None
    body: dict[str, Any]
    event_id: str | None = None
    withdraw: tuple[int, ...] = ()

    def said(self, who: str, note: str) -> dict[str, Any]:
        """The edit as an edits file has it."""
        named = {} if self.event_id is None else {"event": self.event_id}
        return {"do": self.kind, **named, **self.body, "who": who, "note": note}


def plan_edit(
    asked: EditAsked, events: EventsOfARun, standing: Sequence[EditFacts], *, seconds: float, who: str
) -> Planned:
    """The edit to write for what is asked. 404 for an event there is not, 409 and 422 with what would work."""
    planned = _add(asked) if asked.do == "add" else _about(asked, events, standing)
    if planned.kind is None:
        return planned
    edit = _checked(planned, events, seconds=seconds, who=who, note=asked.note)
    if isinstance(edit, Add):
        drawn = (one for one in standing if one.kind == "add" and one.edit_id not in planned.withdraw)
        if any(_id_of(one.body) == _id_of(planned.body) for one in drawn):
            raise HTTPException(409, "This event was drawn already: change that one.")
        return planned
    # Detection may have renamed the event since it was spoken of: the cleaning goes by its place then, and so do we.
    earlier = (one for one in standing if one.event_id is not None and events.find(one.event_id) is None)
    return replace(planned, withdraw=tuple(one.edit_id for one in earlier if about_one(_edit(one.said()), edit)))


def edit_row(one: EditFacts) -> dict[str, Any]:
    """An edit as the page has it; one that adds an event has the id the event will have as ``makes``."""
    return {
        "id": one.edit_id,
        "do": one.kind,
        "event": one.event_id,
        "makes": _id_of(one.body) if one.kind == "add" else None,
        **one.body,
        "note": one.note or "",
        "who": one.who,
        "at_time": one.at.isoformat(),
        "withdrawn": None if one.stands else {"who": one.withdrawn_by, "at_time": one.withdrawn_at},
    }


def _add(asked: EditAsked) -> Planned:
    missing = [
        name
        for name in ("start_seconds", "end_seconds", "channels", "label", "disposition")
        if name not in asked.fields
    ]
    if missing:
        raise HTTPException(422, f"An added event needs {', '.join(missing)}.")
    return Planned("add", {**asked.fields, "stem": asked.stem or "me"})


def _about(asked: EditAsked, events: EventsOfARun, standing: Sequence[EditFacts]) -> Planned:
    """An edit of an event; one that was added here is changed by adding it anew, and dropped by taking that back."""
    if asked.event is None:
        raise HTTPException(422, "Say which event is meant, by its id.")
    added = next((one for one in standing if one.kind == "add" and _id_of(one.body) == asked.event), None)
    if added is not None:
        changed = {**added.body, **asked.fields}
        return Planned(None if asked.do == "drop" else "add", changed, withdraw=(added.edit_id,))
    event = events.find(asked.event)
    if event is None:
        raise HTTPException(404, "This version has no such event.")
    if event["edited"] == "added":
        raise HTTPException(409, "This event was added by the order's edits file: change it there.")
    if event["decided_by"] == VERIFICATION:
        raise HTTPException(409, "This event came to light while another was taken out: draw one over it instead.")
    detected = event["detected"] or event
    place = {name: detected[name] for name in ("start_seconds", "end_seconds", "channels", "stem")}
    if asked.do == "change" and not asked.fields:
        raise HTTPException(422, "It changes nothing: give a disposition, label, span or channels.")
    fields = asked.fields if asked.do == "change" else {}
    return Planned(asked.do, {"at": place, **fields}, asked.event)


def _checked(planned: Planned, events: EventsOfARun, *, seconds: float, who: str, note: str) -> Edit:
    """The edit as the cleaning takes it; 422 for what it would refuse."""
    body = planned.body
    span = {**body.get("at", {}), **body}
    if span["start_seconds"] >= span["end_seconds"]:
        raise HTTPException(422, "The event ends before it begins.")
    if span["end_seconds"] > seconds:
        raise HTTPException(422, f"The film ends at {seconds:.3f} s.")
    strange = set(span["channels"]) - set(Layout.parse(events.layout).tags)
    if strange:
        raise HTTPException(422, f"The mix has no channel {min(strange)}.")
    try:
        return _edit(planned.said(who, note))
    except BadInput as error:
        raise HTTPException(422, f"{error.what}: {error.mend}") from error


def _edit(said: dict[str, Any]) -> Edit:
    return parse_edits([said], where="the review desk").edits[0]


def _id_of(body: dict[str, Any]) -> str:
    """The id that an added event will have."""
    return Event(
        body["start_seconds"], body["end_seconds"], tuple(body["channels"]), body["label"], 1.0, 0.0,
        body["disposition"], stem=body["stem"],
    ).id  # fmt: skip
