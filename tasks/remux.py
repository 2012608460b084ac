"""Put a language's mix under the untouched picture."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.media import containers, languages
from dubline.media.remux import Track
from dubline.media.remux import remux as remux_media
from dubline.media.streams import Media
from tasks.step import Made, Work, step


@step("remux", version=1, tools=("ffmpeg", "av"))
def remux(
    work: Work,
    master: Path,
    media: Path,
    conformed: Path,
    *,
    container: str,
    codec: str,
    language: str,
    keep_original: bool,
    audio_stream: int,
    original_language: str,
) -> Made:
    """Encode the conformed mix straight into its container; picture, subtitles, chapters and timecode are copied."""
    out = work.scratch / f"deliverable{containers.container(container).suffix}"
    report = remux_media(
        master,
        Media.from_json(json.loads(media.read_text(encoding="utf-8"))),
        [Track(conformed, codec, languages.parse(language))],
        out,
        container=container,
        keep_original=keep_original,
        original_stream=audio_stream,
        original_language=languages.parse(original_language),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    return Made(
        {"deliverable": out},
        {
            "dropped": "; ".join(report.dropped) or None,
            "converted": "; ".join(report.converted) or None,
            "notes": "; ".join(report.notes) or None,
        },
    )
