"""A version's deliverables with their verdicts, and the limits their sound is held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.titles import DeliverableSummary


def deliverable_row(one: DeliverableSummary, spec: Mapping[str, Any] | None) -> dict[str, Any]:
    """A deliverable as the page has it; ``limits`` are those of ``spec``, the body of its spec."""
    return {
        "id": one.deliverable_id,
        "language": one.language,
        "spec": one.spec_id,
        "spec_version": one.spec_version,
        "container": one.container,
        "codec": one.codec,
        "state": one.state,
        "verdict": one.verdict,
        "made_at": one.created_at.isoformat(),
        "limits": _limits(spec or {}),
    }


def _limits(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The loudness window in LUFS and the limit of the loudest three seconds; null where the spec has none."""
    window = spec.get("loudness")
    return {
        "gate": window["gate"] if window else None,
        "target": window["target_lufs"] if window else None,
        "low": window["target_lufs"] - window["reject_low"] if window else None,
        "high": window["target_lufs"] + window["reject_high"] if window else None,
        "short_term": spec.get("max_short_term_lufs"),
    }
