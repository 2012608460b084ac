"""The QC page of a title: one HTML file that needs nothing else, for the producer who has to sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from dubline.audio.wav import WavReader
from dubline.loudness import specs
from dubline.loudness.verdict import Check, worst
from dubline.media import languages
from dubline.quality.axis import clock
from dubline.quality.delivery import DeliveryReport
from dubline.quality.loudness_picture import loudness_svg
from dubline.quality.spectrogram import spectrogram, spectrogram_svg
from dubline.vocalization.events import Event

# A page that lists thousands of events is not read; the rest is in the events file.
MOST_EVENTS = 400

_HASH_NAME = re.compile(r"[0-9a-f]{64}")
NONE = "\N{EN DASH}"


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
    """What a page says. ``facts`` are labeled figures of the run, ``notes`` what was odd but valid."""

    title: str
    version: str
    original_language: str
    reports: tuple[DeliveryReport, ...]
    events: tuple[EventRow, ...] = ()
    notes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    lineage: tuple[LineageRow, ...] = ()


def write_page(
    out: Path,
    page: Page,
    *,
    ov_mix: Path | None = None,
    me: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> None:
    """Write ``page`` to ``out`` with pictures of loudness and, where given, of the OV mix beside the M&E.

    The file fetches nothing and runs no script; the same content gives the same bytes. Reads each WAV once.
    """
    marked = [(row.event.start_seconds, row.event.end_seconds) for row in page.events]
    pictures = []
    sources = [(name, path) for name, path in (("OV mix", ov_mix), ("M&E", me)) if path is not None]
    for done, (name, path) in enumerate(sources):
        if progress is not None:
            progress(done, len(sources))
        with WavReader(path) as reader:
            seconds = reader.frames / reader.rate
        svg = spectrogram_svg(spectrogram(path, cancelled=cancelled), seconds=seconds, marked=marked)
        pictures.append((name, Markup(svg)))  # made of numbers alone
    if progress is not None:
        progress(len(sources), len(sources))
    rows = [(report, _language_name(report), Markup(_curve(report))) for report in page.reports]
    html = (
        _environment()
        .get_template("report.html.j2")
        .render(
            page=page,
            verdict=worst(report.verdict for report in page.reports),
            rows=rows,
            pictures=pictures,
            events=page.events[:MOST_EVENTS],
            left_off=max(len(page.events) - MOST_EVENTS, 0),
        )
    )
    out.write_text(html, encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "number": _number,
        "figure": _figure,
        "short": _short,
        "file_name": _file_name,
    }
    return environment


def _curve(report: DeliveryReport) -> str:
    known = {spec.id: spec for spec in specs.list_specs()}
    spec = known.get(report.spec_id)
    limit = spec.loudness if spec is not None and spec.version == report.spec_version else None
    return loudness_svg(report.tracks[0].curves, limit)


def _language_name(report: DeliveryReport) -> str:
    return languages.parse(report.language).name


def _number(value: float | None, places: int = 1) -> str:
    """A figure with a true minus sign, or a dash where there is none."""
    return NONE if value is None else f"{value:.{places}f}".replace("-", "\N{MINUS SIGN}")


def _figure(check: Check) -> str:
    """A check's value as a person reads it: hashes cut short, numbers without noise."""
    value = check.value
    if value is None:
        return NONE
    if check.unit == "sha256":
        return _short(str(value))
    text = _number(value, 2) if isinstance(value, float) else str(value)
    return f"{text} {check.unit}".strip()


def _file_name(name: str) -> str:
    """A file's name; one that is a hash, as files in a store are called, cut short."""
    return _HASH_NAME.sub(lambda match: _short(match[0]) + "\N{HORIZONTAL ELLIPSIS}", name)


def _short(digest: str) -> str:
    return digest[:12]
