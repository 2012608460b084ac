"""Bring a print master to its delivery spec, as it will be heard once delivered, or leave it alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dubline.audio.spans import Spans
from dubline.loudness.conform import Watch
from dubline.loudness.conform import conform as conform_mix
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec
from tasks.step import Made, Work, step


@step("conform", version=2, tools=("ffmpeg", "av"))
def conform(
    work: Work,
    print_master: Path,
    mixed_dx: Path,
    measurement: Path,
    speech: Path,
    *,
    spec: dict[str, Any],
    container: str,
    codec: str,
) -> Made:
    """Conform a mix to its spec: nothing, a gain on the dub, or one on the mix; a limiter for peaks only."""
    made = conform_mix(
        print_master,
        work.scratch,
        Spec.model_validate(spec),
        measured=Measurement.from_json(json.loads(measurement.read_text(encoding="utf-8"))),
        speech=Spans.load(speech),
        dialogue=mixed_dx,
        container=container,
        codec=codec,
        watch=Watch(work.progress, work.cancelled),
    )
    return Made({"conformed": made.path}, made.values())
