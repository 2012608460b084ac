"""Where a file comes from, and what else a model, a spec or a source made."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.lineage import PAGE, Kind, Name, graph, made_with
from dashboards.templating import render

router = APIRouter()


@router.get("/lineage/{kind}/{name}")
def lineage(
    request: Request,
    kind: Kind,
    name: Name,
    desk: TheDesk,
    person: Viewer,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """The way up to the master, and a page of the titles that it had a part in."""
    root = graph(desk, kind, name)
    others = made_with(desk, kind, name, page)
    return render(request, "lineage.html", kind=kind, name=name, root=root, others=others, page=page, size=PAGE)
