"""Keep what a person said about the events: their file stays theirs to change, the catalog keeps what it said."""

from __future__ import annotations

from pathlib import Path

from dubline.vocalization.edits import read_edits, write_edits
from tasks.step import Made, Work, step


@step("edits", version=1)
def edits(work: Work, file: Path) -> Made:
    """Read the edits of one cut and store them as JSON."""
    said, out = read_edits(file), work.scratch / "edits.json"
    write_edits(said, out)
    return Made({"edits": out}, {"edits": len(said.edits)})
