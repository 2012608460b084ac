"""Two candidates of one slot: what was measured, what is seen, what is heard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.templating import render
from dashboards.title.comparison import checks_of, chosen_pair, figures_of, slots_of
from dashboards.title.version import Label, Slug, find_version

router = APIRouter()

_Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get("/titles/{slug}/compare")
def compare(
    request: Request,
    slug: Slug,
    desk: TheDesk,
    person: Viewer,
    a: _Id = None,
    b: _Id = None,
    version: Label = None,
) -> Response:
    """The page; without ``a`` and ``b`` the latest file of the first slot with two beside the one before it."""
    detail = find_version(desk, slug, version)
    slots = slots_of(detail)
    pair = chosen_pair(slots, a, b)
    made = None if pair is None else tuple(desk.catalog.deliverable(one) for one in pair)
    return render(
        request,
        "compare.html",
        detail=detail,
        asked=version,
        slots=slots,
        made=made,
        figures=[] if made is None else figures_of(*made),
        checks=[] if made is None else checks_of(*made),
    )
