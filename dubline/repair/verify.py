"""Detection on the cleaned M&E: what is still there, and what was beside the events and comes to light now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dubline.audio.layout import Layout
from dubline.repair.regions import Removal
from dubline.vocalization.decide import Decided, Decision
from dubline.vocalization.events import Event
from dubline.vocalization.policies import Policy

# What is heard so close to an event that was taken out is the rest of it.
BESIDE_SECONDS = 0.5
# A rest shorter than this outside of what was taken out is the detector's blur, not another event.
SHORTEST_SECONDS = 0.1
_BY = "verification"


@dataclass(frozen=True, slots=True)
class Heard:
    """What detection finds after cleaning: ``remaining`` where events were taken out, ``elsewhere`` the others."""

    remaining: tuple[Event, ...]
    elsewhere: tuple[Event, ...]


def sort_out(found: Sequence[Event], leaving: Sequence[Removal], layout: Layout, *, rate: int) -> Heard:
    """Which of ``found``, events of a cleaned M&E, meet what has left it."""
    remaining: list[Event] = []
    elsewhere: list[Event] = []
    for event in found:
        if event.stem == "me":
            near = any(_meets(event, one, layout, rate, 0.0) for one in leaving)
            (remaining if near else elsewhere).append(event)
    return Heard(tuple(remaining), tuple(elsewhere))


def stubborn(heard: Heard, leaving: Sequence[Removal], layout: Layout, *, rate: int) -> frozenset[int]:
    """The numbers of the events that were taken out and in which something remains."""
    return frozenset(one.event for event in heard.remaining for one in leaving if _meets(event, one, layout, rate, 0.0))


def come_to_light(
    heard: Heard, decided: Decided, leaving: Sequence[Removal], layout: Layout, *, rate: int, policy: Policy | None
) -> list[Decision]:
    """Decisions on what of ``heard`` lies beside an event that was taken out and is to follow it.

    The policy decides, as it did on the event; without one the rest goes where the event went. What a person dropped,
    or an event that stays, is left alone.
    """
    left_alone = [one.event for one in decided.dropped] + [e for e in decided.events if e.disposition == "keep"]
    decisions = []
    for event in (*heard.remaining, *heard.elsewhere):
        beside = [one for one in leaving if _meets(event, one, layout, rate, BESIDE_SECONDS)]
        if not beside or _outside(event, beside, rate) < SHORTEST_SECONDS:
            continue
        if any(_overlap(event, other) for other in left_alone):
            continue
        neighbor = decided.events[beside[0].event]
        rule = policy.rule_for(event) if policy is not None else None
        disposition = rule.disposition if rule is not None else neighbor.disposition
        if disposition != "keep":
            reason = f"heard once event {neighbor.id} was taken out"
            decisions.append(Decision(replace(event, disposition=disposition), _BY, reason, event))
    return decisions


def _meets(event: Event, removal: Removal, layout: Layout, rate: int, beside: float) -> bool:
    return (
        removal.start < (event.end_seconds + beside) * rate
        and removal.end > (event.start_seconds - beside) * rate
        and bool({layout.index(tag) for tag in event.channels} & set(removal.columns))
    )


def _outside(event: Event, removals: Sequence[Removal], rate: int) -> float:
    """The longest stretch, seconds, that ``event`` reaches before or after all of ``removals``."""
    before = min(one.start for one in removals) / rate - event.start_seconds
    after = event.end_seconds - max(one.end for one in removals) / rate
    return max(before, after)


def _overlap(one: Event, other: Event) -> bool:
    same = one.stem == other.stem and bool(set(one.channels) & set(other.channels))
    return same and one.start_seconds < other.end_seconds and other.start_seconds < one.end_seconds
