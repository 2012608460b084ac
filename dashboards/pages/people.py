"""Who may come in: for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, StringConstraints
from starlette.responses import Response

from dashboards.access import Admin, audit
from dashboards.access.passwords import LONGEST, SHORTEST, hash_password
from dashboards.access.person import printable
from dashboards.desk import Desk, TheDesk
from dashboards.settings import Role
from dashboards.templating import render
from db.errors import Conflict
from db.models.desk import ROLES
from db.people import add_person, change_person

router = APIRouter()


_RULES = StringConstraints(min_length=1, max_length=100, strip_whitespace=True)
Name = Annotated[str, _RULES, AfterValidator(printable)]
Password = Annotated[str, StringConstraints(max_length=LONGEST)]


@router.get("/people")
def people(request: Request, desk: TheDesk, person: Admin) -> Response:
    """Everybody, with what may be changed."""
    return _page(request, desk)


@router.post("/people")
def add(
    request: Request,
    desk: TheDesk,
    person: Admin,
    name: Annotated[Name, Form()],
    role: Annotated[Role, Form()],
    password: Annotated[Password, Form()] = "",
) -> Response:
    """Let somebody in; without a password, by the reverse proxy."""
    if password and len(password) < SHORTEST:
        return _page(request, desk, status=422, words=f"A password has {SHORTEST} letters or more.")
    try:
        with desk.catalog.write() as session:
            person_id = add_person(
                session, name, role=role, password_hash=hash_password(password) if password else None
            )
            audit(session, person, "person added", "person", name, {"role": role, "person_id": person_id})
    except Conflict as refused:
        return _page(request, desk, status=409, words=f"{refused.what}: {refused.where}")
    return RedirectResponse("/people", status_code=303)


@router.post("/people/{name}")
def change(
    request: Request,
    desk: TheDesk,
    person: Admin,
    name: Annotated[str, StringConstraints(max_length=100), AfterValidator(printable), Path()],
    role: Annotated[Role, Form()],
    password: Annotated[Password, Form()] = "",
    disabled: Annotated[bool, Form()] = False,
) -> Response:
    """Another role, another password, or out; the person's sessions end."""
    if password and len(password) < SHORTEST:
        return _page(request, desk, status=422, words=f"A password has {SHORTEST} letters or more.")
    try:
        hashed = hash_password(password) if password else None
        with desk.catalog.write() as session:
            change_person(session, name, role=role, password_hash=hashed, disabled=disabled)
            detail = {"role": role, "disabled": disabled, "password": bool(password)}
            audit(session, person, "person changed", "person", name, detail)
    except Conflict as refused:
        return _page(request, desk, status=409, words=f"{refused.what}: {refused.mend}")
    return RedirectResponse("/people", status_code=303)


def _page(request: Request, desk: Desk, *, status: int = 200, words: str = "") -> Response:
    return render(
        request, "people.html", status, people=desk.catalog.people(), roles=ROLES, words=words, shortest=SHORTEST
    )
