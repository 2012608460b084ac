"""Two candidates of one slot: what was measured, what is seen, what is heard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.decisions import Id
from dashboards.desk import TheDesk
from dashboards.templating import render
from dashboards.title.comparison import checks_of, chosen_pair, figures_of, pair_of, slots_of
from dashboards.title.version import Label, Slug, find_version

router = APIRouter()

_Asked = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/titles/{slug}/compare")
def choose(
    request: Request,
    slug: Slug,
    desk: TheDesk,
    person: Viewer,
    a: _Asked = None,
    b: _Asked = None,
    version: Label = None,
) -> Response:
    """To the two files asked for, else to the latest of the first slot with two, beside the one before it."""
    detail = find_version(desk, slug, version)
    pair = chosen_pair(slots_of(detail), a, b)
    if pair is None:
        return render(request, "compare.html", detail=detail, made=None)
    return RedirectResponse(f"/compare/{pair[0]}/{pair[1]}", status_code=303)


@router.get("/compare/{first}/{second}")
def compare(request: Request, first: Id, second: Id, desk: TheDesk, person: Viewer) -> Response:
    """The page."""
    made = pair_of(desk, first, second)
    detail = desk.catalog.title(f"{made[0].slug}/{made[0].version}")
    return render(
        request,
        "compare.html",
        detail=detail,
        slots=slots_of(detail),
        made=made,
        figures=figures_of(*made),
        checks=checks_of(*made),
    )
