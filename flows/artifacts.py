"""What a producer sees in Prefect after a run: a table of deliverables and a QC summary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact


def publish_artifacts(slug: str, manifest: Mapping[str, Any]) -> None:
    """Create the run's table artifact and its Markdown QC summary from the manifest."""
    rows = [_row(item) for item in manifest["deliverables"]]
    create_table_artifact(key=artifact_key("deliverables", slug), table=rows, description=f"Deliverables of {slug}")
    create_markdown_artifact(
        key=artifact_key("qc", slug), markdown=qc_markdown(manifest), description=f"Delivery checks of {slug}"
    )


def qc_markdown(manifest: Mapping[str, Any]) -> str:
    """The QC summary: verdicts, every check that did not pass, what was odd about the material."""
    lines = [f"# {_text(manifest['title']['name'])}", ""]
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


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    figures = item["measurement"]
    return {
        "language": item["language"],
        "spec": item["spec"]["id"],
        "verdict": item["verdict"],
        "integrated LUFS": figures["integrated_lufs"],
        "dialogue LUFS": figures["dialogue_lufs"],
        "true peak dBTP": figures["true_peak_dbtp"],
        "file": item["path"],
        "sha256": item["sha256"],
    }


def _text(value: Any) -> str:
    """Free text as one harmless Markdown line."""
    return " ".join(str(value or "").replace("<", "&lt;").replace("|", "\\|").split())


def artifact_key(*parts: str) -> str:
    """A Prefect artifact key (lower case letters, digits, dashes) from free text."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
