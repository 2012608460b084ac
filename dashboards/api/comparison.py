"""Two candidates of one language and spec: their sound."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException

from dashboards.access import Viewer
from dashboards.decisions import Id
from dashboards.desk import TheDesk
from dashboards.title.comparison import pair_of, sound_of

router = APIRouter(tags=["deliverables"])


@router.get("/compare/{first}/{second}")
def comparison(first: Id, second: Id, desk: TheDesk, person: Viewer) -> dict[str, Any]:
    """The full mixes behind two deliverables of one language and spec, with addresses of their tiles."""
    tracks = []
    for name, made in zip("AB", pair_of(desk, first, second), strict=True):
        track = sound_of(desk, made)
        if track is None:
            raise HTTPException(409, f"The sound behind {name} cannot be shown: its run made no tiles.")
        tracks.append(track | {"id": name, "name": f"{name}: {made.created_at:%Y-%m-%d %H:%M}, {made.state}"})
    return {"tracks": tracks, "seconds": tracks[0]["index"]["frames"] / tracks[0]["index"]["rate"]}
