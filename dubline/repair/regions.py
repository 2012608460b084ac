"""Where in time and in which channels an M&E is worked on, and where background without a voice lies around it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.vocalization.events import Disposition, Event, Stem

# The removal fades in before the event, quickly enough to spare what precedes it ...
ATTACK_SECONDS = 0.02
# ... and out after it, slowly enough to take a small room's reverberation along.
TAIL_SECONDS = 0.2
# Background that touches the region is best; with less of it than this, some is fetched from further away.
LITTLE_SECONDS = 1.0
ENOUGH_SECONDS = 2.0
# More of it is never held: memory must not grow with the title.
LONGEST_SECONDS = 8.0
# Further away it is another scene.
FURTHEST_SECONDS = 120.0
# A shorter passage between two events is more fade than sound.
SHORTEST_SECONDS = 0.05

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Removal:
    """One event in sample frames: what lies in ``columns`` from ``start`` to ``end`` is to go, to OPT or DX guide.

    ``tail`` frames after the end go along: the event's reverberation and the fade back to the M&E.
    """

    start: int
    end: int
    columns: tuple[int, ...]
    optional: bool
    event: int
    tail: int


@dataclass(frozen=True, slots=True)
class Region:
    """Removals whose fades meet, in channels that share one scene; outside all regions the M&E is not touched.

    ``before`` and ``after`` are passages (start, end) in order of time, free of any event in these channels.
    """

    start: int
    end: int
    columns: tuple[int, ...]
    removals: tuple[Removal, ...]
    before: tuple[Span, ...]
    after: tuple[Span, ...]


def removals_of(events: Sequence[Event], layout: Layout, *, rate: int, frames: int) -> list[Removal]:
    """Events that are to leave the M&E, in frames. The LFE never takes part.

    Raises `BadInput` for an event in a channel ``layout`` lacks, or after the end: it belongs to another file.
    """
    return _leaving(events, "me", ("optional", "remove"), layout, rate=rate, frames=frames)


def moved_of(events: Sequence[Event], layout: Layout, *, rate: int, frames: int) -> list[Removal]:
    """Events of the DX stem that go to OPT; the others are in the DX guide already."""
    return _leaving(events, "dx", ("optional",), layout, rate=rate, frames=frames)


def voices_of(events: Sequence[Event], layout: Layout, *, rate: int, frames: int) -> list[tuple[Span, tuple[int, ...]]]:
    """Where voices are in the M&E, whatever becomes of them, each with its columns: no background to take."""
    places = [_place(event, layout, rate=rate, frames=frames) for event in events if event.stem == "me"]
    return [((start, end), columns) for start, end, columns in places]


def regions_of(
    removals: Sequence[Removal], *, rate: int, frames: int, voices: Sequence[tuple[Span, tuple[int, ...]]] = ()
) -> list[Region]:
    """The regions of all ``removals``, by time; channels that ever share an event share regions and background."""
    regions: list[Region] = []
    for columns in _scenes(removals):
        mine = [removal for removal in removals if set(removal.columns) <= set(columns)]
        clusters = _clusters(mine, rate=rate, frames=frames)
        taken = [(start, end) for start, end, _ in clusters]
        taken += [span for span, where in voices if set(where) & set(columns)]
        free = _free(taken, frames, shortest=round(SHORTEST_SECONDS * rate))
        for start, end, members in clusters:
            before = _nearest((span for span in reversed(free) if span[1] <= start), start, rate=rate)
            after = _nearest((span for span in free if span[0] >= end), end, rate=rate)
            regions.append(Region(start, end, columns, members, tuple(reversed(before)), tuple(after)))
    return sorted(regions, key=lambda region: (region.start, region.columns))


def attack_frames(rate: int) -> int:
    """The fade before an event."""
    return max(round(ATTACK_SECONDS * rate), 1)


def tail_frames(rate: int) -> int:
    """The fade after an event."""
    return max(round(TAIL_SECONDS * rate), 1)


def _leaving(
    events: Sequence[Event],
    stem: Stem,
    dispositions: tuple[Disposition, ...],
    layout: Layout,
    *,
    rate: int,
    frames: int,
) -> list[Removal]:
    found = []
    for at, event in enumerate(events):
        start, end, columns = _place(event, layout, rate=rate, frames=frames)
        if event.stem == stem and event.disposition in dispositions and columns and end > start:
            found.append(Removal(start, end, columns, event.disposition == "optional", at, tail_frames(rate)))
    return sorted(found, key=lambda removal: (removal.start, removal.end))


def _place(event: Event, layout: Layout, *, rate: int, frames: int) -> tuple[int, int, tuple[int, ...]]:
    start, end = round(event.start_seconds * rate), min(round(event.end_seconds * rate), frames)
    if not set(event.channels) <= set(layout.tags) or start >= frames:
        raise BadInput(
            f"an event at {event.start_seconds:.3f} s in {'+'.join(event.channels)} lies outside the M&E",
            f"{frames / rate:.3f} s of {layout.name}",
            "give the events detected in this M&E",
        )
    return start, end, tuple(layout.index(tag) for tag in event.channels if tag != "LFE")


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
        end = min(removal.end + removal.tail, frames)
        if clusters and start <= clusters[-1][1]:
            first, last, members = clusters[-1]
            clusters[-1] = (first, max(last, end), (*members, removal))
        else:
            clusters.append((start, end, (removal,)))
    return clusters


def _free(taken: Iterable[Span], frames: int, *, shortest: int) -> list[Span]:
    """What ``taken`` leaves of the file, in order of time, without what is too short to use."""
    at, free = 0, []
    for start, end in itertools.chain(sorted(taken), [(frames, frames)]):
        if start - at >= shortest:
            free.append((at, start))
        at = max(at, end)
    return free


def _nearest(spans: Iterable[Span], edge: int, *, rate: int) -> list[Span]:
    """Of ``spans``, the nearest to ``edge`` first, as many as it takes; of each the end that faces the edge."""
    chosen: list[Span] = []
    have = 0
    for start, end in spans:
        if have >= LITTLE_SECONDS * rate and (len(chosen) == 1 or have >= ENOUGH_SECONDS * rate):
            break
        if min(abs(start - edge), abs(end - edge)) > FURTHEST_SECONDS * rate:
            break
        longest = round(LONGEST_SECONDS * rate) - have
        chosen.append((max(start, end - longest), end) if end <= edge else (start, min(end, start + longest)))
        have += chosen[-1][1] - chosen[-1][0]
    return chosen
