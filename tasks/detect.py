"""Find what of the voice stayed behind in the M&E, and what in the DX stem is no language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dubline.vocalization.detect import detect as detect_events
from dubline.vocalization.events import write_events
from dubline.vocalization.rules import DetectionRules
from tasks.step import Made, Work, step


@step("detect", version=2, tools=("silero-vad", "soxr"))
def detect(work: Work, me: Path, dx: Path, *, rules: dict[str, Any]) -> Made:
    """List the vocalizations of the M&E as events, with the DX stem as context, and those of the stem itself."""
    events = detect_events(
        me,
        dialogue=dx,
        rules=DetectionRules.model_validate(rules),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    out = work.scratch / "events.parquet"
    write_events(events, out)
    return Made({"events": out}, {"events": len(events)})
