"""What leaves an M&E where: the events of a decision, as regions to work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubline.audio.wav import WavReader
from dubline.repair.regions import Region, Removal, moved_of, regions_of, removals_of, voices_of
from dubline.repair.tails import tracked
from dubline.vocalization.events import Event


@dataclass(frozen=True, slots=True)
class Plan:
    """``leaving`` the M&E, in ``regions``; ``moved`` from the DX guide to OPT. All in order of time."""

    leaving: tuple[Removal, ...]
    regions: tuple[Region, ...]
    moved: tuple[Removal, ...]

    def changed_from(self, other: Plan, again: frozenset[int] = frozenset()) -> tuple[Region, ...]:
        """The regions of this plan that ``other`` does not have to the last detail, and those with events ``again``."""
        known = set(other.regions)
        return tuple(
            region
            for region in self.regions
            if region not in known or any(removal.event in again for removal in region.removals)
        )


def plan_of(events: Sequence[Event], me: WavReader) -> Plan:
    """The plan for ``events`` of the M&E ``me``, whose sound says how long each rings on.

    Raises `BadInput` for an event in a channel the M&E lacks, or after its end.
    """
    removals = removals_of(events, me.layout, rate=me.rate, frames=me.frames)
    leaving = tracked(removals, me)
    voices = voices_of(events, me.layout, rate=me.rate, frames=me.frames)
    regions = regions_of(leaving, rate=me.rate, frames=me.frames, voices=voices)
    return Plan(tuple(leaving), tuple(regions), tuple(moved_of(events, me.layout, rate=me.rate, frames=me.frames)))
