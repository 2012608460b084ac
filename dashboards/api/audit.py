"""The audit for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dashboards.access import Admin
from dashboards.desk import TheDesk
from db.audit import AuditEntry

router = APIRouter(tags=["access"])


@router.get("/audit")
def audit(
    desk: TheDesk,
    person: Admin,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Entries older than this one.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[AuditEntry]:
    """Who did what to what, when and from where; latest first."""
    return desk.catalog.audit(before=before, limit=limit)
