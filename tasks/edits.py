"""Keep what people said about the events: the order's file stays theirs to change, the catalog keeps what it said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dubline.vocalization.edits import parse_edits, read_edits, write_edits
from dubline.vocalization.merge import merge
from tasks.step import Made, Work, step


@step("edits", version=2)
def edits(work: Work, file: Path | None, *, desk: list[dict[str, Any]]) -> Made:
    """Store as JSON the edits of one cut: those of the order's ``file`` and those made at the review ``desk``."""
    said = merge(None if file is None else read_edits(file), parse_edits(desk, where="the review desk"))
    out = work.scratch / "edits.json"
    write_edits(said, out)
    return Made({"edits": out}, {"edits": len(said.edits), "from_desk": len(desk)})
