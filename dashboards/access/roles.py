"""The dependency by which a route says who may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from dashboards.access.person import Person
from dashboards.access.sessions import who_asks
from dashboards.desk import TheDesk
from dashboards.settings import Role


class Allowed:
    """Gives the person asking, if their role is ``role`` or more; else 401 (nobody) or 403 (not enough)."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request, desk: TheDesk) -> Person:
        person = who_asks(request, desk)
        if person is None:
            raise HTTPException(401, "Log in first.")
        request.state.person = person
        if not person.may(self.role):
            raise HTTPException(403, f"This takes the role {self.role}; yours is {person.role}.")
        return person


def allowed(role: Role) -> Callable[..., Person]:
    """The dependency for ``role``."""
    return Allowed(role)


Viewer = Annotated[Person, Depends(allowed("viewer"))]
Reviewer = Annotated[Person, Depends(allowed("reviewer"))]
Admin = Annotated[Person, Depends(allowed("admin"))]
