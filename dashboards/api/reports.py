"""Reports and tables for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.export import as_csv, as_parquet
from dashboards.nights import span
from db.reports import Report, Table

router = APIRouter(tags=["reports"])

_CSV, _PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"


@router.get("/reports/nightly")
def nightly(desk: TheDesk, person: Viewer, between: Annotated[tuple[datetime, datetime], Depends(span)]) -> Report:
    """What was run, made, checked and decided in a night, or in several."""
    return desk.catalog.report(*between)


@router.get(
    "/export/{table}.{form}",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, _PARQUET: {}}, "description": "The table."}},
)
def export(table: Table, form: Literal["csv", "parquet"], desk: TheDesk, person: Viewer) -> StreamingResponse:
    """A table of the whole catalog: the board, deliverables, checks or decisions."""
    write, kind = (as_csv, _CSV) if form == "csv" else (as_parquet, _PARQUET)
    headers = {"Content-Disposition": f'attachment; filename="{table}.{form}"'}
    return StreamingResponse(write(desk.catalog, table), media_type=kind, headers=headers)
