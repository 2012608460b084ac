"""Two candidates of one language and spec: their sound."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.title.comparison import chosen_pair, slots_of, sound_of
from dashboards.title.version import Label, Slug, find_version

router = APIRouter(tags=["titles"])

_Id = Annotated[int, Query(ge=1, le=2**31 - 1)]


@router.get("/titles/{slug}/comparison")
def comparison(slug: Slug, a: _Id, b: _Id, desk: TheDesk, person: Viewer, version: Label = None) -> dict[str, Any]:
    """The full mixes behind deliverables ``a`` and ``b``, with addresses of their tiles."""
    pair = chosen_pair(slots_of(find_version(desk, slug, version)), a, b)
    assert pair is not None
    tracks = []
    for name, deliverable_id in zip("AB", pair, strict=True):
        made = desk.catalog.deliverable(deliverable_id)
        track = sound_of(desk, made)
        if track is None:
            raise HTTPException(409, f"The sound behind {name} was not prepared: its run made no tiles.")
        tracks.append(track | {"id": name, "name": f"{name}: {made.created_at:%Y-%m-%d %H:%M}, {made.state}"})
    return {"tracks": tracks, "seconds": tracks[0]["index"]["frames"] / tracks[0]["index"]["rate"]}
