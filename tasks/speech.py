"""Where a dialogue track speaks."""

from __future__ import annotations

from pathlib import Path

from dubline.vocalization.speech import speech_spans
from tasks.step import Made, Work, step


@step("speech", version=2, tools=("silero-vad",))
def speech(work: Work, dialogue: Path) -> Made:
    """Find the speech spans of a dialogue track with silero-vad."""
    spans = speech_spans(dialogue, progress=work.progress, cancelled=work.cancelled)
    out = work.scratch / "speech.json"
    spans.save(out)
    return Made({"speech": out}, {"speech_seconds": spans.seconds})
