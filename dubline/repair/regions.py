"""Where in time and in which channels an M&E is worked on, and where room tone for it may be taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.vocalization.events import Event

# The removal fades in before the event, quickly enough to spare what precedes it ...
ATTACK_SECONDS = 0.02
# ... and out after it, slowly enough to take the reverberation along.
TAIL_SECONDS = 0.2
# A passage this long makes a loop nobody hears turn; shorter ones serve only where there is none.
COMFORTABLE_TONE_SECONDS = 1.0
SHORTEST_TONE_SECONDS = 0.05
LONGEST_TONE_SECONDS = 4.0
# What lies this close to an event is the same moment of the scene.
BESIDE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Removal:
    """One event in sample frames: what lies in ``columns`` from ``start`` to ``end`` is to go, to OPT or DX guide."""

    start: int
    end: int
    columns: tuple[int, ...]
    optional: bool
    event: int


@dataclass(frozen=True, slots=True)
class Region:
    """Removals whose fades meet, in channels that share one scene; outside all regions the M&E is not touched.

    ``tone`` is the passage (start, end) in frames to take room tone from, free of any event in these channels;
    ``beside`` the background right before and right after, whose level it takes.
    """

    start: int
    end: int
    columns: tuple[int, ...]
    removals: tuple[Removal, ...]
    tone: tuple[int, int] | None
    beside: tuple[tuple[int, int], tuple[int, int]]


def removals_of(events: Sequence[Event], layout: Layout, *, rate: int, frames: int) -> list[Removal]:
    """Events that are to leave the M&E, in frames. The LFE never takes part.

    Raises `BadInput` for an event in a channel ``layout`` lacks, or after the end: it belongs to another file.
    """
    found = []
    for at, event in enumerate(events):
        start, end = round(event.start_seconds * rate), min(round(event.end_seconds * rate), frames)
        if not set(event.channels) <= set(layout.tags) or start >= frames:
            raise BadInput(
                f"an event at {event.start_seconds:.3f} s in {'+'.join(event.channels)} lies outside the M&E",
                f"{frames / rate:.3f} s of {layout.name}",
                "give the events detected in this M&E",
            )
        columns = tuple(layout.index(tag) for tag in event.channels if tag != "LFE")
        if event.disposition != "keep" and columns and end > start:
            found.append(Removal(start, end, columns, event.disposition == "optional", at))
    return sorted(found, key=lambda removal: (removal.start, removal.end))


def regions_of(removals: Sequence[Removal], *, rate: int, frames: int) -> list[Region]:
    """The regions of all ``removals``, by time; channels that ever share an event share regions and room tone."""
    regions: list[Region] = []
    for columns in _scenes(removals):
        mine = [removal for removal in removals if set(removal.columns) <= set(columns)]
        clusters = _clusters(mine, rate=rate, frames=frames)
        gaps = _gaps([(start, end) for start, end, _ in clusters], frames)
        regions += [
            Region(start, end, columns, members, _tone(gaps, at, rate=rate), _beside(gaps, at, rate=rate))
            for at, (start, end, members) in enumerate(clusters)
        ]
    return sorted(regions, key=lambda region: (region.start, region.columns))


def attack_frames(rate: int) -> int:
    """The fade before an event."""
    return max(round(ATTACK_SECONDS * rate), 1)


def tail_frames(rate: int) -> int:
    """The fade after an event."""
    return max(round(TAIL_SECONDS * rate), 1)


def _scenes(removals: Sequence[Removal]) -> list[tuple[int, ...]]:
    """Disjoint sets of columns, those named together in one removal always in one set."""
    scenes: list[set[int]] = []
    for removal in removals:
        touching = [scene for scene in scenes if scene & set(removal.columns)]
        scenes = [scene for scene in scenes if scene not in touching]
        scenes.append(set(removal.columns).union(*touching))
    return sorted(tuple(sorted(scene)) for scene in scenes)


def _clusters(removals: Sequence[Removal], *, rate: int, frames: int) -> list[tuple[int, int, tuple[Removal, ...]]]:
    clusters: list[tuple[int, int, tuple[Removal, ...]]] = []
    for removal in removals:
        start = max(removal.start - attack_frames(rate), 0)
        end = min(removal.end + tail_frames(rate), frames)
        if clusters and start <= clusters[-1][1]:
            first, last, members = clusters[-1]
            clusters[-1] = (first, max(last, end), (*members, removal))
        else:
            clusters.append((start, end, (removal,)))
    return clusters


def _gaps(spans: Sequence[tuple[int, int]], frames: int) -> list[tuple[int, int]]:
    """What ``spans`` leave of the file: gap ``i`` precedes span ``i``; some may be empty."""
    starts = [0, *(end for _, end in spans)]
    ends = [*(start for start, _ in spans), frames]
    return list(zip(starts, ends, strict=True))


def _tone(gaps: Sequence[tuple[int, int]], at: int, *, rate: int) -> tuple[int, int] | None:
    """The nearest comfortable passage around span ``at``, before it rather than after; else the longest there is."""
    order = [side for reach in range(len(gaps)) for side in (at - reach, at + 1 + reach) if 0 <= side < len(gaps)]
    enough = COMFORTABLE_TONE_SECONDS * rate
    lengths = (gaps[side][1] - gaps[side][0] for side in order)
    chosen = next((side for side, length in zip(order, lengths, strict=True) if length >= enough), None)
    if chosen is None:
        chosen = max(order, key=lambda side: gaps[side][1] - gaps[side][0])
    start, end = gaps[chosen]
    longest = round(LONGEST_TONE_SECONDS * rate)
    # The end of the passage that faces the event.
    passage = (max(start, end - longest), end) if chosen <= at else (start, min(end, start + longest))
    return passage if passage[1] - passage[0] >= SHORTEST_TONE_SECONDS * rate else None


def _beside(gaps: Sequence[tuple[int, int]], at: int, *, rate: int) -> tuple[tuple[int, int], tuple[int, int]]:
    (before_start, before_end), (after_start, after_end) = gaps[at], gaps[at + 1]
    reach = round(BESIDE_SECONDS * rate)
    return (max(before_start, before_end - reach), before_end), (after_start, min(after_end, after_start + reach))
