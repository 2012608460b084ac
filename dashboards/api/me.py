"""Who is asking."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from dashboards.access import Viewer
from dashboards.access.csrf import csrf_token
from dashboards.desk import TheDesk
from dashboards.settings import Role

router = APIRouter(tags=["access"])


class Me(BaseModel):
    """The person asking, and the token for their unsafe requests (header ``X-CSRF-Token``)."""

    name: str
    role: Role
    csrf: str


@router.get("/me")
def me(request: Request, person: Viewer, desk: TheDesk) -> Me:
    """Name, role and CSRF token of whoever asks."""
    return Me(name=person.name, role=person.role, csrf=csrf_token(request, desk))
