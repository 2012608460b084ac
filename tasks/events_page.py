"""The page of a title's events, and the clips it plays."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.quality.events_page import PAGE, Tracks, write_events_page
from tasks.step import Made, Work, step

_CLIP = "clip_"


@step("events_page", version=2)
def events_page(work: Work, me: Path, me_filled: Path, dx: Path, dx_guide: Path, report: Path, *, title: str) -> Made:
    """Show every event before and after cleaning, to see and to hear."""
    clips = write_events_page(
        work.scratch,
        json.loads(report.read_text(encoding="utf-8")),
        Tracks(me, me_filled, dx, dx_guide),
        title=title,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    files = {"page": work.scratch / PAGE, **{f"{_CLIP}{clip.name}": clip for clip in clips}}
    return Made(files, {"clips": len(clips)})


def clips_of(outputs: dict[str, str]) -> dict[str, str]:
    """Among the step's ``outputs``, the clips: file name to asset."""
    return {role.removeprefix(_CLIP): sha256 for role, sha256 in outputs.items() if role.startswith(_CLIP)}
