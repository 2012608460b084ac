"""What a master contains: streams, layouts, timecode, frame rate and its constancy."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.media.probe import probe as probe_media
from tasks.step import Made, Work, step


@step("probe", version=3, tools=("av",))
def probe(work: Work, master: Path) -> Made:
    """Describe the master's streams, timecode and frame times."""
    media = probe_media(master)
    out = work.scratch / "media.json"
    out.write_text(json.dumps(media.to_json(), sort_keys=True), encoding="utf-8")
    return Made({"media": out})
