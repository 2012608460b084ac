"""Reports: a night's summary, and tables to take away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.clock import today
from dashboards.desk import TheDesk
from dashboards.nights import span
from dashboards.templating import render
from db.reports import TABLES

router = APIRouter()


@router.get("/reports")
def reports(
    request: Request, desk: TheDesk, person: Viewer, between: Annotated[tuple[datetime, datetime], Depends(span)]
) -> Response:
    """The night that ended today, or the one asked for."""
    since, until = between
    return render(
        request,
        "reports.html",
        report=desk.catalog.report(since, until),
        day=until.date(),
        days=(until - since).days,
        before=until.date() - timedelta(days=1) if until.date() > since.date().min + timedelta(days=400) else None,
        after=until.date() + timedelta(days=1) if until.date() < today() else None,
        tables=TABLES,
        run_url=desk.prefect.run_url,
    )
