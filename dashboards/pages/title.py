"""The title page: to hear, see and decide."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.templating import render
from dashboards.title.version import Label, Slug, find_version

router = APIRouter()


@router.get("/titles/{slug}")
def title(request: Request, slug: Slug, desk: TheDesk, person: Viewer, version: Label = None) -> Response:
    """The page; its script asks for what it shows."""
    found = find_version(desk, slug, version)
    return render(request, "title.html", detail=found, asked=version)
