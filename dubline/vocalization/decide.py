"""What is to be done with each event, by whose word and why: the policy first, then the edits over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from dubline.errors import BadInput
from dubline.vocalization.edits import Add, Change, Drop, Edits
from dubline.vocalization.events import Event, in_order
from dubline.vocalization.policies import Policy

Edited = Literal["no", "changed", "added", "dropped"]


@dataclass(frozen=True, slots=True)
class Decision:
    """An event with its disposition. ``by`` is a policy (``netflix@2``) or a person, ``reason`` what they say.

    ``detected`` is the event as detection found it, before any policy; None for one that a person added.
    """

    event: Event
    by: str
    reason: str
    detected: Event | None
    edited: Edited = "no"

    def to_json(self) -> dict[str, Any]:
        """What goes beside the event's own fields; ``detected`` only where an edit changed the event."""
        return {
            "decided_by": self.by,
            "reason": self.reason,
            "edited": self.edited,
            "detected": self.detected.to_json() if self.detected is not None and self.edited == "changed" else None,
        }


@dataclass(frozen=True, slots=True)
class Decided:
    """Every decision in order of time, the events an edit dropped, and the edits that fit no event."""

    decisions: tuple[Decision, ...]
    dropped: tuple[Decision, ...] = ()
    unmatched: tuple[Change | Drop, ...] = ()

    @property
    def events(self) -> list[Event]:
        """The events with their dispositions."""
        return [decision.event for decision in self.decisions]

    def edits_json(self) -> dict[str, Any]:
        """What became of the edits, as JSON values."""
        return {
            "applied": sum(decision.edited != "no" for decision in self.decisions) + len(self.dropped),
            "dropped": [one.event.to_json() | one.to_json() for one in self.dropped],
            "unmatched": [edit.model_dump(mode="json", exclude_none=True) for edit in self.unmatched],
        }


def decide(events: Sequence[Event], *, policy: Policy | None = None, edits: Edits | None = None) -> Decided:
    """The disposition of every one of ``events``, of which an edit may change or drop some and add others.

    Without a policy each keeps its own disposition. A changed event is disposed of as what it is said to be, unless
    the edit says how. Raises `BadInput` where two edits speak of one event, or one makes an event that cannot be.
    """
    meant, unmatched = _meant(list(events), edits)
    decisions, dropped = [], []
    for event in events:
        edit = meant.get(event.id)
        if isinstance(edit, Drop):
            dropped.append(Decision(event, edit.who, edit.note, event, "dropped"))
        else:
            decisions.append(_decision(event, edit, policy, where=edits.where if edits else ""))
    decisions += [_added(edit) for edit in edits.edits if isinstance(edit, Add)] if edits else []
    by_event = {id(decision.event): decision for decision in decisions}
    ordered = in_order([decision.event for decision in decisions])
    return Decided(tuple(by_event[id(event)] for event in ordered), tuple(dropped), unmatched)


def _meant(events: list[Event], edits: Edits | None) -> tuple[dict[str, Change | Drop], tuple[Change | Drop, ...]]:
    """By event id, the edit that speaks of it; and those that speak of none."""
    found: dict[str, Change | Drop] = {}
    unmatched: list[Change | Drop] = []
    for number, edit in enumerate(edits.edits if edits else (), start=1):
        if isinstance(edit, Add):
            continue
        event = edit.find(events)
        if event is None:
            unmatched.append(edit)
        elif event.id in found:
            where = f"{edits.where}, edit {number}" if edits else ""
            raise BadInput(f"an earlier edit speaks of event {event.id} too", where, "keep one edit per event")
        else:
            found[event.id] = edit
    return found, tuple(unmatched)


def _decision(event: Event, edit: Change | None, policy: Policy | None, *, where: str) -> Decision:
    if edit is None:
        return _by_policy(event, event, policy)
    try:
        changed = replace(event, **edit.fields)
    except ValueError as error:
        raise BadInput(f"event {event.id} cannot be changed so", where, f"correct its edit: {error}") from error
    if edit.disposition is None:
        disposed = _by_policy(changed, event, policy)
        reason = "; ".join(filter(None, (edit.note, f"{disposed.by}: {disposed.reason}")))
        return replace(disposed, by=edit.who, reason=reason, edited="changed")
    return Decision(changed, edit.who, edit.note, event, "changed")


def _by_policy(event: Event, detected: Event, policy: Policy | None) -> Decision:
    if policy is None:
        return Decision(event, "the list of events", "", detected)
    rule = policy.rule_for(event)
    return Decision(replace(event, disposition=rule.disposition), f"{policy.id}@{policy.version}", rule.said, detected)


def _added(edit: Add) -> Decision:
    """A person is sure; how far the event stands out nobody measured."""
    event = Event(
        edit.start_seconds, edit.end_seconds, edit.channels, edit.label, 1.0, 0.0, edit.disposition, stem=edit.stem
    )
    return Decision(event, edit.who, edit.note, None, "added")
