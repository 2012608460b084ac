"""The tracks of a run that can be seen and heard, with where their tiles are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.desk import Desk
from dashboards.media import signed
from dashboards.title.documents import read_json
from db.stages import StageMade

# A working day: a page that stays open keeps playing.
MEDIA_SECONDS = 12 * 3600.0

# In the order of the lanes, with what people call them. Every dub's mix follows.
NAMES = {
    "ov": "OV mix",
    "me_filled": "M&E",
    "me": "M&E before cleaning",
    "optional": "OPT",
    "dx_guide": "DX guide",
    "dx": "DX stem",
}


def tracks_of(desk: Desk, made: Sequence[StageMade]) -> list[dict[str, Any]]:
    """One object per track: ``id``, ``name``, ``language``, where its pieces are (``url``) and their ``index``.

    ``measured`` says whether there is a loudness curve of it.
    """
    found = [
        _track(desk, step) | {"measured": loudness_of(made, *_names(step)) is not None}
        for step in made
        if step.stage == "tiles"
    ]
    lanes = list(NAMES)
    return sorted(
        found, key=lambda one: (lanes.index(one["track"]) if one["track"] in lanes else len(lanes), one["id"])
    )


def thumbnails_of(desk: Desk, made: Sequence[StageMade]) -> dict[str, Any] | None:
    """Where the film's small pictures are, and their ``index``; None where there are none."""
    step = next((step for step in made if step.stage == "thumbnails"), None)
    return None if step is None else _pieces(desk, step)


def loudness_of(made: Sequence[StageMade], track: str, language: str) -> str | None:
    """The asset with the loudness curve of a track: of the measurement of the very bytes that its tiles show."""
    shown = next((step for step in made if step.stage == "tiles" and _names(step) == (track, language)), None)
    if shown is None:
        return None
    sound = shown.inputs["sound"]
    measured = (step for step in made if step.stage == "measure" and step.inputs.get("track") == sound)
    return next((step.outputs["loudness"] for step in measured), None)


def _track(desk: Desk, step: StageMade) -> dict[str, Any]:
    track, language = _names(step)
    return {
        "id": f"{track}-{language}" if language else track,
        "track": track,
        "language": language,
        "name": NAMES.get(track, language),
        "sha256": step.inputs["sound"][0],
        **_pieces(desk, step),
    }


def _names(step: StageMade) -> tuple[str, str]:
    return str(step.params["track"]), str(step.params["language"])


def _pieces(desk: Desk, step: StageMade) -> dict[str, Any]:
    return {
        "url": signed(desk, step.outputs["tiles"], step.stage, MEDIA_SECONDS),
        "index": read_json(desk, step.outputs["index"]),
    }
