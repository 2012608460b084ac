"""Events of Divide and Remaster v3: which recording, where, how long and how loud (Watcharasupat et al. 2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dubline.loudness.clip import integrated_loudness
from dubline.training.corpus import RATE, Samples
from dubline.training.datasets import draws
from dubline.training.datasets.presets import DnrRules, SubmixRules
from dubline.training.datasets.sources import Piece


class Place(NamedTuple):
    """Where an event lies in its submix, in samples."""

    start: int
    length: int


class Event(NamedTuple):
    """One recording in a submix: ``length`` samples from sample ``offset`` of ``file``, at ``lufs``."""

    file: str
    start: int
    length: int
    offset: int
    lufs: float


class Submix(NamedTuple):
    """A submix before mastering: ``samples`` ``(frames,)``, its events, and the loudness drawn for and reached by it.

    ``lufs`` is None where nothing was placed.
    """

    samples: Samples
    events: tuple[Event, ...]
    target_lufs: float
    lufs: float | None


def render_submix(
    rng: np.random.Generator,
    rules: DnrRules,
    name: str,
    pick: Callable[[np.random.Generator], Piece],
    *,
    frames: int,
    target_lufs: float,
    count: int,
) -> Submix:
    """Place ``count`` events one after the other and bring the whole to ``target_lufs``.

    ``pick`` draws a recording. An event that finds no place, or a recording without sound, is drawn again
    ``rules.trials`` times at most and then left out.
    """
    canvas = np.zeros(frames, np.float32)
    events: list[Event] = []
    earliest = 0
    for _ in range(count):
        event = _event(rng, rules, name, pick, canvas, earliest=earliest, target_lufs=target_lufs)
        if event is not None:
            events.append(event)
            earliest = next_start(rng, rules.submix(name), Place(event.start, event.length), frames)
    reached = integrated_loudness(canvas, RATE)
    if reached is None:
        return Submix(np.zeros(frames, np.float32), (), target_lufs, None)
    shift = target_lufs - reached
    canvas *= np.float32(10 ** (shift / 20))
    shifted = tuple(event._replace(lufs=event.lufs + shift) for event in events)
    return Submix(canvas, shifted, target_lufs, integrated_loudness(canvas, RATE))


def _event(
    rng: np.random.Generator,
    rules: DnrRules,
    name: str,
    pick: Callable[[np.random.Generator], Piece],
    canvas: Samples,
    *,
    earliest: int,
    target_lufs: float,
) -> Event | None:
    """Add one event to ``canvas``; None when no trial gave one."""
    own = rules.submix(name)
    for _ in range(rules.trials):
        piece = pick(rng)
        place = draw_place(rng, rules, own, source=piece.frames, earliest=earliest, frames=len(canvas))
        if place is None:
            continue
        offset = int(rng.integers(0, piece.frames - place.length + 1)) if own.random_offset else 0
        segment = piece.samples(offset, place.length)
        wanted = target_lufs + draws.deviation(rng, own.track.distribution, own.event_spread)
        loudness = integrated_loudness(segment, RATE)
        # A file that ends before its header says is left out like one without sound.
        if loudness is None or len(segment) < place.length:
            continue
        canvas[place.start : place.start + place.length] += np.float32(10 ** ((wanted - loudness) / 20)) * segment
        return Event(piece.file, place.start, place.length, piece.start + offset, wanted)
    return None


def draw_place(
    rng: np.random.Generator, rules: DnrRules, own: SubmixRules, *, source: int, earliest: int, frames: int
) -> Place | None:
    """Where a recording of ``source`` samples goes in a submix of ``frames``, from ``earliest`` on; None: it does not.

    A start before ``earliest``, which 6 % of the skew-normal draws would give, is moved there: the published
    generator does so for whole recordings only, and lets others break the limit of overlap.
    """
    shortest = max(own.min_share * source, own.min_seconds * RATE)
    if source == 0 or frames - earliest < shortest:
        return None
    latest = frames - shortest
    if not own.whole:
        latest = min(latest, frames - own.end_margin_seconds * RATE)
    if latest < earliest:
        return None
    location = earliest / RATE + own.start_offset_seconds
    start = draws.skew_normal(rng, location, rules.start_scale_seconds, rules.start_skew) * RATE
    start = max(start, earliest)
    if source <= shortest:
        return Place(int(min(start, latest)), source)
    longest = min(source, frames - int(start))
    length = draws.truncated_normal(
        rng,
        rules.length_mean * longest,
        rules.length_spread * longest,
        max(rules.shortest_seconds * RATE, shortest),
        longest,
    )
    return Place(int(start), int(length)) if int(length) > 0 else None


def next_start(rng: np.random.Generator, own: SubmixRules, place: Place, frames: int) -> int:
    """The earliest start of the event after the one at ``place``."""
    end = place.start + place.length
    if own.overlap == 0:
        return end
    first = int(np.ceil(place.start + (1 - own.overlap) * place.length))
    last = min(frames, end)
    return int(rng.integers(first, last)) if first < last else last
