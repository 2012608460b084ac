"""Measure a track: all loudness figures and their curves."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from dubline.audio.spans import Spans
from dubline.loudness.meter import measure_wav
from tasks.step import Made, Work, step


@step("measure", version=2)
def measure(work: Work, track: Path, speech: Path | None) -> Made:
    """Measure loudness, range and peaks of a track; dialogue loudness inside the speech spans."""
    spans = Spans.load(speech) if speech else None
    measurement, curves = measure_wav(track, speech=spans, progress=work.progress, cancelled=work.cancelled)
    figures, curve = work.scratch / "measurement.json", work.scratch / "loudness.parquet"
    figures.write_text(json.dumps(measurement.to_json(), sort_keys=True), encoding="utf-8")
    pq.write_table(curves, curve)
    return Made({"measurement": figures, "loudness": curve})
