"""Find what of the voice stayed behind in the M&E."""

from __future__ import annotations

from pathlib import Path

from dubline.vocalization.detect import detect as detect_events
from dubline.vocalization.events import write_events
from tasks.step import Made, Work, step


@step("detect", version=1, tools=("silero-vad",))
def detect(work: Work, me: Path, dx: Path) -> Made:
    """List the vocalizations of the M&E as events, with the DX stem as context."""
    events = detect_events(me, dialogue=dx, progress=work.progress, cancelled=work.cancelled)
    out = work.scratch / "events.parquet"
    write_events(events, out)
    return Made({"events": out}, {"events": len(events)})
