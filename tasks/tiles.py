"""What the review desk shows and plays of a track, and of the picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dubline.quality.tiles.thumbnails import tile_picture
from dubline.quality.tiles.track import tile_track
from tasks.step import Made, Work, step

# The tracks of a title, by the names under which the desk asks for them; a mix also has its dub's language.
TRACKS = ("ov", "dx", "me", "me_filled", "optional", "dx_guide", "mix")


@step("tiles", version=1, tools=("soxr",))
def tiles(work: Work, sound: Path, *, track: str, language: str) -> Made:
    """Waveform, spectrogram and audition sound of one of `TRACKS`; ``language`` is BCP-47, empty for the original's."""
    out = work.scratch / f"{track}.tiles"
    index = tile_track(sound, out, progress=work.progress, cancelled=work.cancelled)
    return _made(out, index | {"track": track, "language": language})


@step("thumbnails", version=1, tools=("av",))
def thumbnails(work: Work, master: Path, *, seconds: float) -> Made:
    """Small pictures of the film along its ``seconds``."""
    out = work.scratch / "thumbnails.tiles"
    return _made(out, tile_picture(master, out, seconds=seconds, progress=work.progress, cancelled=work.cancelled))


def _made(out: Path, index: Mapping[str, Any]) -> Made:
    listed = out.with_suffix(".json")
    listed.write_text(json.dumps(index, sort_keys=True, separators=(",", ":")), encoding="utf-8")
    return Made({"tiles": out, "index": listed})
