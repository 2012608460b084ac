"""Whether a dialogue track is in the language its tag says."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.audio.spans import Spans
from dubline.transcription.language import LanguageFound, find_language
from dubline.transcription.recognizer import Recognizer
from dubline.transcription.residual import NOT_CONFIGURED
from tasks.recognition import configured, recognition_weights
from tasks.step import Made, Work, step


@step("language", version=1, tools=("soxr",), weights=recognition_weights, uses_device=True)
def language(work: Work, dialogue: Path, speech: Path, *, tag: str) -> Made:
    """Listen to where a track speaks and hold it against its BCP-47 tag; without a checkpoint say that nobody did."""
    checkpoint = configured(work.asr_model)
    if checkpoint is None:
        found = LanguageFound(tag, None, why=NOT_CONFIGURED)
    else:
        recognizer = Recognizer.load(checkpoint.path, device=work.device)
        found = find_language(dialogue, Spans.load(speech), tag=tag, recognizer=recognizer)
    out = work.scratch / "language.json"
    out.write_text(json.dumps(found.to_json(), sort_keys=True), encoding="utf-8")
    return Made({"language": out}, {"tag": tag, "agrees": found.agrees, "heard": found.heard, "why": found.why})
