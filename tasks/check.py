"""Open the delivered file as a stranger would and measure everything that is claimed of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dubline.audio.spans import Spans
from dubline.loudness.specs import Spec
from dubline.media import languages
from dubline.media.streams import Media
from dubline.quality.delivery import check_delivery
from tasks.step import Made, Work, step


@step("check", version=1, tools=("av",))
def check(
    work: Work,
    deliverable: Path,
    master: Path,
    media: Path,
    conformed: Path,
    speech: Path,
    *,
    spec: dict[str, Any],
    frames: int,
    container: str,
    codec: str,
    language: str,
    audio_stream: int,
    keep_original: bool,
) -> Made:
    """Decode the deliverable and judge its sound, picture, tags and lengths against master and spec."""
    report = check_delivery(
        deliverable,
        master=master,
        media=Media.from_json(json.loads(media.read_text(encoding="utf-8"))),
        reference=conformed,
        ov_mix_frames=frames,
        spec=Spec.model_validate(spec),
        container=container,
        codec=codec,
        language=languages.parse(language),
        keep_original=keep_original,
        audio_stream=audio_stream,
        speech=Spans.load(speech),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    judged, curves = work.scratch / "check.json", work.scratch / "loudness.parquet"
    judged.write_text(json.dumps(report.to_json(), sort_keys=True), encoding="utf-8")
    pq.write_table(report.curves, curves)
    return Made({"check": judged, "loudness": curves}, {"verdict": report.verdict})
