"""What a producer sees in Prefect after a run: deliverables, checks, loudness and events as tables, and a summary."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from dubline.vocalization.events import Event

Row = dict[str, Any]

# A table is looked at, not searched: the loudest part of a long list is on the review desk.
_MOST_EVENTS = 200


def publish_artifacts(slug: str, manifest: Mapping[str, Any], events: Sequence[Event], review_url: str | None) -> None:
    """Create the run's artifacts from its manifest and events, with links to the title's page where there is a desk."""
    desk = review_link(review_url, slug)
    seen = f" ([review]({desk}))" if desk else ""
    delivered = manifest["deliverables"]
    tables = {
        "deliverables": ("Deliverables", [_row(item) for item in delivered]),
        "checks": ("Delivery checks", [row for item in delivered for row in _check_rows(item)]),
        "loudness": ("Loudness", loudness_rows(manifest)),
        "events": ("Human sounds found", event_rows(events)),
    }
    for name, (what, rows) in tables.items():
        create_table_artifact(key=artifact_key(name, slug), table=rows, description=f"{what} of {slug}{seen}")
    create_markdown_artifact(
        key=artifact_key("qc", slug),
        markdown=qc_markdown(manifest, desk),
        description=f"Summary of the delivery checks of {slug}",
    )
    if desk:
        create_link_artifact(desk, key=artifact_key("review", slug), link_text=f"Review {manifest['title']['name']}")


def review_link(review_url: str | None, slug: str) -> str | None:
    """A title's page on the review desk; None where the studio has not said where that is."""
    return f"{review_url.rstrip('/')}/titles/{slug}" if review_url else None


def qc_markdown(manifest: Mapping[str, Any], desk: str | None = None) -> str:
    """The QC summary: verdicts, every check that did not pass, what was odd about the material."""
    lines = [f"# {_text(manifest['title']['name'])}", ""]
    if desk:
        lines += [f"[Review it]({desk})", ""]
    for item in manifest["deliverables"]:
        lines.append(f"## {item['language']} for {item['spec']['id']}: {item['verdict']}")
        troubled = [check for check in item["checks"] if check["verdict"] != "pass"]
        lines += [
            f"- **{one['verdict']}** {one['name']}: {one['value']} (limit {one['limit']}) {_text(one['note'])}"
            for one in troubled
        ] or ["- every check passed"]
        lines.append("")
    lines += ["## Notes", *(f"- {_text(note)}" for note in manifest["notes"] or ["nothing odd about the material"])]
    return "\n".join(lines) + "\n"


def loudness_rows(manifest: Mapping[str, Any]) -> list[Row]:
    """Loudness and peaks of the M&E and of every deliverable."""
    tracks = [({"track": "M&E"}, manifest["me_measurement"])]
    tracks += [
        ({"track": f"{item['language']} for {item['spec']['id']}"}, item["measurement"])
        for item in manifest["deliverables"]
    ]
    return [named | {shown: figures.get(name) for name, shown in _FIGURES.items()} for named, figures in tracks]


_FIGURES = {
    "integrated_lufs": "integrated LUFS",
    "dialogue_lufs": "dialogue LUFS",
    "lra_lu": "range LU",
    "max_momentary_lufs": "max momentary LUFS",
    "max_short_term_lufs": "max short-term LUFS",
    "true_peak_dbtp": "true peak dBTP",
}


def event_rows(events: Sequence[Event]) -> list[Row]:
    """What was found and what became of it; of very many those of the highest score, in order of time."""
    best = sorted(events, key=lambda event: event.score or 0.0, reverse=True)[:_MOST_EVENTS]
    return [
        {
            "start": round(event.start_seconds, 2),
            "end": round(event.end_seconds, 2),
            "label": event.label,
            "score": event.score,
            "disposition": event.disposition,
            "action": event.action,
        }
        for event in sorted(best, key=lambda event: event.start_seconds)
    ]


def _check_rows(item: Mapping[str, Any]) -> list[Row]:
    where = {"language": item["language"], "spec": item["spec"]["id"]}
    return [
        where | {name: one[name] for name in ("name", "value", "limit", "verdict", "note")} for one in item["checks"]
    ]


def _row(item: Mapping[str, Any]) -> Row:
    return {
        "language": item["language"],
        "spec": item["spec"]["id"],
        "verdict": item["verdict"],
        "integrated LUFS": item["measurement"]["integrated_lufs"],
        "dialogue LUFS": item["measurement"]["dialogue_lufs"],
        "true peak dBTP": item["measurement"]["true_peak_dbtp"],
        "file": item["path"],
        "sha256": item["sha256"],
    }


def _text(value: Any) -> str:
    """Free text as one harmless Markdown line."""
    return " ".join(str(value or "").replace("<", "&lt;").replace("|", "\\|").split())


def artifact_key(*parts: str) -> str:
    """A Prefect artifact key (lower case letters, digits, dashes) from free text."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
