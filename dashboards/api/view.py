"""What the title page shows, as one object, and the loudness of its tracks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from fastapi.responses import JSONResponse

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.title.documents import read_columns
from dashboards.title.tracks import loudness_of
from dashboards.title.version import Label, Slug, find_version
from dashboards.title.view import steps_shown, title_view

router = APIRouter(tags=["titles"])


@router.get("/titles/{slug}/view", response_model=dict[str, Any])
def view(slug: Slug, desk: TheDesk, person: Viewer, version: Label = None) -> JSONResponse:
    """Tracks with addresses of their tiles (good for half a day), thumbnails, events, edits in force, deliverables."""
    # Plain JSON as it is: the framework would look at each of a long film's hundred thousand values again.
    return JSONResponse(title_view(desk, find_version(desk, slug, version)))


@router.get("/titles/{slug}/loudness/{track}", response_model=dict[str, Any])
def loudness(
    slug: Slug,
    track: Annotated[str, Path(pattern="^[a-z_]{1,20}$")],
    desk: TheDesk,
    person: Viewer,
    language: Annotated[str, Query(max_length=40)] = "",
    version: Label = None,
) -> JSONResponse:
    """Loudness of a track by tenths of a second, in tenths of a LU: short-term and momentary; null where silent."""
    found = find_version(desk, slug, version)
    _, made = steps_shown(desk, found.summary.version_id)
    asset = loudness_of(made, track, language)
    if asset is None:
        raise HTTPException(404, "This track was not measured.")
    columns = read_columns(desk, asset, ["short_term_lufs", "momentary_lufs"])
    tenths = {name: [v if v is None else round(10 * v) for v in values] for name, values in columns.items()}
    return JSONResponse({"step": 0.1, **tenths})
