"""The QC page of a title: one HTML file that needs nothing else, for the producer who has to sign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dubline.audio.speakers import speaker_names
from dubline.audio.wav import WavReader
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, worst
from dubline.media import languages
from dubline.quality.channel_peaks import ChannelPeak
from dubline.quality.delivery_report import UNDETERMINED, DeliveryReport, TrackReport
from dubline.quality.loudness_picture import loudness_svg
from dubline.quality.spectrogram import HEIGHT, WIDTH, spectrogram, spectrogram_svg
from dubline.quality.templates import environment
from dubline.vocalization.events import Event

# A page that lists thousands of events is not read; the rest is in the events file.
MOST_EVENTS = 400
# A hundred kilobytes each: a page of more than this many is not opened on a telephone.
MOST_SPECTROGRAMS = 60


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event and what became of it: how much it lost in dB (None: left alone) and by which method."""

    event: Event
    reduction_db: float | None = None
    method: str = ""


@dataclass(frozen=True, slots=True)
class LineageRow:
    """One asset behind the deliverables: its role, sha256, and the step and version that made it."""

    role: str
    sha256: str
    made_by: str = ""
    asset_id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says. ``facts`` are labeled figures of the run, ``notes`` what was odd but valid, ``events_page``
    where, beside it, every event is shown.

    None where nothing is known: of a file from anywhere its version, its original language and the M&E's events.
    """

    title: str
    version: str | None
    original_language: str | None
    reports: tuple[DeliveryReport, ...]
    events: tuple[EventRow, ...] | None = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    lineage: tuple[LineageRow, ...] = ()
    events_page: str | None = None


def write_page(
    out: Path,
    page: Page,
    *,
    sources: Sequence[tuple[str, Path]] = (),
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write ``page`` to ``out`` with pictures of every track's loudness and spectrum.

    ``sources`` are names and WAVs of what came before, such as the OV mix: the first is shown beside every
    deliverable, and all under each other. The file fetches nothing and runs no script; the same content gives the same
    bytes. Reads each WAV once.
    """
    events = page.events or ()
    marked = [(row.event.start_seconds, row.event.end_seconds) for row in events]
    pictures = []
    for done, (name, path) in enumerate(sources):
        if progress is not None:
            progress(done, len(sources))
        with WavReader(path) as reader:
            seconds = reader.frames / reader.rate
        svg = spectrogram_svg(
            spectrogram(path, cancelled=cancelled), seconds=seconds, marked=marked, name=f"source-{done}"
        )
        pictures.append((name, Markup(svg)))  # made of numbers alone
    if progress is not None:
        progress(len(sources), len(sources))
    drawn = sum(len(report.tracks) for report in page.reports) <= MOST_SPECTROGRAMS
    html = (
        environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            verdict=worst(report.verdict for report in page.reports),
            rows=[_row(report, drawn=drawn) for report in page.reports],
            drawn=drawn,
            width=WIDTH,
            height=HEIGHT,
            pictures=pictures,
            events=events[:MOST_EVENTS],
            left_off=max(len(events) - MOST_EVENTS, 0),
        )
    )
    out.write_text(html, encoding="utf-8")


def page_json(page: Page) -> dict[str, Any]:
    """What `write_page` shows, as JSON values in a fixed order; loudness curves are in a table of their own."""
    return {
        "title": page.title,
        "version": page.version,
        "original_language": page.original_language,
        "verdict": worst(report.verdict for report in page.reports),
        "facts": dict(page.facts),
        "notes": list(page.notes),
        "deliverables": [report.to_json() for report in page.reports],
        "events": [
            {**row.event.to_json(), "reduction_db": row.reduction_db, "method": row.method} for row in page.events or ()
        ],
        "lineage": [asdict(row) for row in page.lineage],
    }


@dataclass(frozen=True, slots=True)
class _Track:
    """A track as the page shows it."""

    report: TrackReport
    name: str
    curve: Markup
    picture: Markup | None
    peaks: tuple[tuple[str, ChannelPeak], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """A deliverable as the page shows it: its tracks, and its checks with what did not pass first."""

    report: DeliveryReport
    name: str
    tracks: tuple[_Track, ...]
    checks: tuple[Check, ...]


def _row(report: DeliveryReport, *, drawn: bool) -> _Row:
    tracks = tuple(_track(track, report.spec, drawn=drawn) for track in report.tracks)
    checks = sorted(report.checks, key=lambda check: ("fail", "warn", "pass").index(check.verdict))
    return _Row(report, ", ".join(track.name for track in tracks), tracks, tuple(checks))


def _track(track: TrackReport, spec: Spec, *, drawn: bool) -> _Track:
    seconds = track.measurement.duration_seconds
    return _Track(
        report=track,
        name="language not given" if track.language == UNDETERMINED else languages.parse(track.language).name,
        # Both are made of numbers alone.
        curve=Markup(loudness_svg(track.curves, spec, track.measurement)),
        picture=Markup(spectrogram_svg(track.picture, seconds=seconds)) if drawn else None,
        peaks=tuple(zip(speaker_names(track.layout), track.peaks, strict=True)),
    )
