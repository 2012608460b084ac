"""A studio's file taken into a run, or, in a rehearsal, looked at only."""

from __future__ import annotations

from pathlib import Path

from tasks.ingest import ingest
from tasks.rehearsal import rehearsal
from tasks.step import RunRef


def take(run: RunRef, path: Path, subject: str, role: str, language: str | None = None) -> str:
    """The file's sha256, which the catalog knows from now on."""
    held = rehearsal()
    return ingest(path, subject, run.version_id, role, language) if held is None else held.source(path)
