"""Put one or more languages' mixes under the untouched picture."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.media import containers
from dubline.media import languages as known
from dubline.media.remux import Track
from dubline.media.remux import remux as remux_media
from dubline.media.streams import Media
from tasks.step import Made, Work, step


@step("remux", version=2, tools=("ffmpeg", "av"))
def remux(
    work: Work,
    master: Path,
    media: Path,
    conformed: list[Path],
    *,
    container: str,
    codec: str,
    languages: list[str],
    keep_original: bool,
    audio_stream: int,
    original_language: str,
) -> Made:
    """Encode the conformed mixes straight into their container; picture, subtitles, chapters, timecode are copied.

    ``languages`` go with ``conformed``; players start with the first.
    """
    out = work.scratch / f"deliverable{containers.container(container).suffix}"
    tracks = [
        Track(mix, codec, known.parse(language), default=number == 0)
        for number, (mix, language) in enumerate(zip(conformed, languages, strict=True))
    ]
    report = remux_media(
        master,
        Media.from_json(json.loads(media.read_text(encoding="utf-8"))),
        tracks,
        out,
        container=container,
        keep_original=keep_original,
        original_stream=audio_stream,
        original_language=known.parse(original_language),
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
