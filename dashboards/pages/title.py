"""The title page: to hear, see and decide."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.templating import STATIC, render
from dashboards.title.version import Label, Slug, find_version

router = APIRouter()

# All of the page's script at once: a browser that follows one import after another waits for each.
_MODULES = sorted(f"/static/title/{path.name}" for path in (STATIC / "title").glob("*.js") if path.stem != "compare")


@router.get("/titles/{slug}")
def title(request: Request, slug: Slug, desk: TheDesk, person: Viewer, version: Label = None) -> Response:
    """The page; its script asks for what it shows."""
    found = find_version(desk, slug, version)
    return render(request, "title.html", detail=found, asked=version, modules=_MODULES)
