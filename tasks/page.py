"""The QC page of a title, and all its loudness curves in one table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dubline.quality.delivery_report import DeliveryReport
from dubline.quality.events_page import PAGE as EVENTS_PAGE
from dubline.quality.page import EventRow, LineageRow, Page, page_json, write_page
from dubline.quality.spectrogram import load_pictures
from dubline.vocalization.events import Event
from tasks.step import Made, Work, step

_EVENT_FIELDS = tuple(Event.__dataclass_fields__)


@step("page", version=3)
def page(
    work: Work,
    ov_mix: Path,
    me: Path,
    me_filled: Path,
    report: Path,
    checks: list[Path],
    loudness: list[Path],
    pictures: list[Path],
    *,
    names: list[str],
    title: str,
    version: str,
    original_language: str,
    notes: list[str],
    facts: list[list[str]],
    lineage: list[dict[str, str]],
) -> Made:
    """Write one self-contained page (verdicts, curves, spectrograms, peaks, events, lineage) and the same as JSON."""
    curves = [pq.read_table(path) for path in loudness]
    reports = tuple(
        # The check saw the file under its hash; people know it by the name it is published under.
        replace(
            DeliveryReport.from_json(json.loads(path.read_text(encoding="utf-8")), curve, load_pictures(drawn)),
            deliverable=name,
        )
        for path, curve, drawn, name in zip(checks, curves, pictures, names, strict=True)
    )
    out, body, table = (work.scratch / name for name in ("report.html", "report.json", "loudness.parquet"))
    content = Page(
        title=title,
        version=version,
        original_language=original_language,
        reports=reports,
        events=tuple(_event_row(row) for row in json.loads(report.read_text(encoding="utf-8"))["treatments"]),
        notes=tuple(notes),
        facts=tuple((name, value) for name, value in facts),
        lineage=tuple(LineageRow(**row) for row in lineage),
        events_page=EVENTS_PAGE,
    )
    write_page(
        out,
        content,
        sources=(("OV mix", ov_mix), ("M&E as separated", me), ("M&E as delivered", me_filled)),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    pq.write_table(pa.concat_tables(map(_named, reports, curves)), table)
    body.write_text(json.dumps(page_json(content), indent=2, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return Made({"page": out, "report": body, "loudness": table})


def _event_row(treatment: dict[str, Any]) -> EventRow:
    event = Event.from_json({name: treatment[name] for name in _EVENT_FIELDS})
    return EventRow(event, treatment["reduction_db"], treatment["method"])


def _named(report: DeliveryReport, curve: pa.Table) -> pa.Table:
    """The curves with the spec they belong to."""
    return curve.add_column(1, "spec", pa.array([report.spec.id] * len(curve), pa.string()))
