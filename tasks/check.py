"""Open the delivered file as a stranger would and measure everything that is claimed of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from dubline.audio.spans import Spans
from dubline.loudness.specs import Spec
from dubline.media import languages as known
from dubline.media.streams import Media
from dubline.quality.delivery import Expected, check_delivery
from dubline.quality.spectrogram import save_pictures
from tasks.step import Made, Work, step


@step("check", version=2, tools=("av",))
def check(
    work: Work,
    deliverables: list[Path],
    media: Path,
    references: list[Path],
    speech: list[Path],
    *,
    spec: dict[str, Any],
    frames: int,
    container: str,
    codec: str,
    languages: list[str],
    audio_stream: int,
    keep_original: bool,
    name: str,
) -> Made:
    """Decode the deliverable and judge its sound, picture, tags, lengths and name against master and spec.

    ``deliverables`` is one file, or one per channel; ``references`` (the conformed mixes), ``speech`` and ``languages``
    go together, one for each dub in it.
    """
    report = check_delivery(
        deliverables,
        expected=[
            Expected(known.parse(language), reference, Spans.load(spans))
            for language, reference, spans in zip(languages, references, speech, strict=True)
        ],
        media=Media.from_json(json.loads(media.read_text(encoding="utf-8"))),
        ov_mix_frames=frames,
        spec=Spec.model_validate(spec),
        container=container,
        codec=codec,
        keep_original=keep_original,
        audio_stream=audio_stream,
        name=name,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    judged, curves, drawn = (work.scratch / name for name in ("check.json", "loudness.parquet", "pictures.npz"))
    judged.write_text(json.dumps(report.to_json(), sort_keys=True), encoding="utf-8")
    pq.write_table(report.curves, curves)
    save_pictures(drawn, report.pictures)
    return Made({"check": judged, "loudness": curves, "pictures": drawn}, {"verdict": report.verdict})
