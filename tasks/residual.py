"""Read what is left of the language in the M&E, and what the DX guide says."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.audio.spans import Spans
from dubline.transcription.residual import NOT_CONFIGURED, Residual, read_residual, write_guide
from tasks.recognition import configured, recognition_weights
from tasks.step import Made, Work, step


@step("residual", version=1, tools=("soxr",), weights=recognition_weights, uses_device=True)
def residual(work: Work, me_filled: Path, dx_guide: Path, speech: Path, report: Path, *, language: str) -> Made:
    """Add to the cleaning's report what a recognizer reads in the M&E, or that nobody looked; the guide's text."""
    checkpoint = configured(work.asr_model)
    found = Residual(False, NOT_CONFIGURED)
    if checkpoint is not None:
        found = read_residual(
            me_filled,
            dx_guide,
            Spans.load(speech),
            language=language,
            checkpoint=checkpoint,
            device=work.device,
            progress=work.progress,
            cancelled=work.cancelled,
        )
    body = json.loads(report.read_text(encoding="utf-8")) | {"residual_language": found.to_json()}
    files = {"report": work.scratch / "report.json"}
    files["report"].write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
    if found.ran:
        files |= {"guide_text": work.scratch / "dx-guide.json", "guide_srt": work.scratch / "dx-guide.srt"}
        write_guide(found, json_path=files["guide_text"], srt_path=files["guide_srt"])
    return Made(files, {"ran": found.ran, "why": found.why, "shared_words": found.shared_words})
