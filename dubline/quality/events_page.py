"""The page of the events: what was heard in an M&E, what was done about it and why, before and after, to see and hear.

It shows what a cleaning's ``report.json`` says; ``docs/clean.md`` tells its fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dubline.audio.wav import WavReader
from dubline.errors import Cancelled
from dubline.quality.audition import audition_gain, write_clip
from dubline.quality.event_pictures import spectrogram_pair, waveform_svg
from dubline.quality.excerpts import Excerpt, excerpt
from dubline.quality.templates import environment
from dubline.vocalization.events import DISPOSITIONS, LABELS
from dubline.vocalization.watch import Cancel, Progress, never, nothing

PAGE, CLIPS = "events.html", "clips"
# Thirty kilobytes and a megabyte of clips each; what is left out is in the table, the report and the events file.
MOST_SHOWN = 200
MOST_LISTED = 1000

Treatment = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tracks:
    """The WAVs events are shown in: the M&E as separated and as filled, DX stem and DX guide where they are there."""

    me: Path
    filled: Path
    dialogue: Path | None = None
    guide: Path | None = None


@dataclass(frozen=True, slots=True)
class _Clip:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class _Card:
    """An event as the page shows it; what cannot be drawn, for want of its track, is left out."""

    row: Treatment
    status: str
    pictures: tuple[Markup, ...] = ()
    waveform: Markup | None = None
    clips: tuple[_Clip, ...] = ()
    gain_db: float = 0.0


def status_of(treatment: Treatment) -> str:
    """What a person wants to know first: ``still heard``, ``gone``, ``moved`` to OPT from the DX stem, or ``kept``."""
    if treatment["action"] == "none":
        return "moved" if treatment["disposition"] == "optional" and treatment["stem"] == "dx" else "kept"
    return "still heard" if treatment["heard_as"] else "gone"


def write_events_page(
    folder: Path,
    report: Mapping[str, Any],
    tracks: Tracks,
    *,
    title: str,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> list[Path]:
    """Write `PAGE` and audition clips in `CLIPS` under ``folder``; gives the clips' paths.

    The page runs no script and fetches nothing but its clips; the same report and sound give the same bytes.
    ``progress`` counts events. Raises `BadInput` for tracks of another file, `Cancelled`.
    """
    treatments: Sequence[Treatment] = report["treatments"]
    shown = _most_wanted(treatments)
    (folder / CLIPS).mkdir(parents=True, exist_ok=True)
    cards = []
    with ExitStack() as stack:
        me, guide = _pair(stack, tracks.me, tracks.filled), _pair(stack, tracks.dialogue, tracks.guide)
        for done, row in enumerate(shown):
            if cancelled():
                raise Cancelled("the page was stopped", str(folder), "start it again when ready")
            cards.append(_card(row, guide if row["stem"] == "dx" else me, folder))
            progress(done + 1, len(shown))
    html = (
        environment()
        .get_template("events.html.j2")
        .render(
            title=title,
            report=report,
            cards=cards,
            rows=[(row, status_of(row)) for row in treatments[:MOST_LISTED]],
            drawn={card.row["id"] for card in cards},
            left_off=max(len(treatments) - MOST_LISTED, 0),
            statuses=Counter(map(status_of, treatments)),
            counts=list(_counts(report["counts"])),
        )
    )
    (folder / PAGE).write_text(html, encoding="utf-8")
    return [folder / clip.path for card in cards for clip in card.clips]


def _most_wanted(treatments: Sequence[Treatment]) -> list[Treatment]:
    """At most `MOST_SHOWN`, in order of time: first what is still heard, then what was worked on, then the rest."""
    order = ("still heard", "gone", "moved", "kept")
    ranked = sorted(range(len(treatments)), key=lambda at: (order.index(status_of(treatments[at])), at))
    return [treatments[at] for at in sorted(ranked[:MOST_SHOWN])]


def _pair(stack: ExitStack, before: Path | None, after: Path | None) -> tuple[WavReader, WavReader] | None:
    if before is None or after is None:
        return None
    return stack.enter_context(WavReader(before)), stack.enter_context(WavReader(after))


def _card(row: Treatment, readers: tuple[WavReader, WavReader] | None, folder: Path) -> _Card:
    if readers is None:
        return _Card(row, status_of(row))
    span = {"start_seconds": row["start_seconds"], "end_seconds": row["end_seconds"]}
    piece = excerpt(*readers, **span, channels=row["channels"])
    # Made of numbers alone.
    before, after = map(Markup, spectrogram_pair(piece, **span))
    gain = audition_gain(piece)
    return _Card(
        row,
        status_of(row),
        pictures=(before,) if piece.unchanged else (before, after),
        waveform=Markup(waveform_svg(piece, **span)),
        clips=tuple(_clips(row["id"], piece, gain, folder)),
        gain_db=gain,
    )


def _clips(name: str, piece: Excerpt, gain: float, folder: Path) -> Iterator[_Clip]:
    """The clips, one where nothing was done."""
    for when, block in (("before", piece.before), ("after", piece.after)):
        if when == "before" or not piece.unchanged:
            path = f"{CLIPS}/{name}-{when}.wav"
            write_clip(folder / path, block, rate=piece.rate, gain_db=gain)
            yield _Clip(when, path)


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, list[int]]]:
    for label in LABELS:
        if label in counts:
            yield label, [counts[label].get(disposition, 0) for disposition in DISPOSITIONS]
