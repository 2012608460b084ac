"""Who did what: for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboards.access import Admin
from dashboards.desk import TheDesk
from dashboards.templating import render

router = APIRouter()

_PAGE = 100


@router.get("/audit")
def audit(
    request: Request,
    desk: TheDesk,
    person: Admin,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    who: Annotated[str, Query(max_length=100)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """The latest entries, or those before one of them."""
    who, action = who.replace("\x00", ""), action.replace("\x00", "")
    entries = desk.catalog.audit(before=before, limit=_PAGE, who=who, action=action)
    more = entries[-1].audit_id if len(entries) == _PAGE else None
    return render(request, "audit.html", entries=entries, more=more, who=who, action=action, before=before)
