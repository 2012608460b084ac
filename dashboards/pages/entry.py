"""Coming in and going out."""

from __future__ import annotations

import getpass
import hmac
import secrets
from functools import cache
from typing import Annotated, cast

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, StringConstraints
from starlette.responses import Response

from dashboards.access import Person, Viewer, audit
from dashboards.access.attempts import REFUSED, WITHIN, too_many
from dashboards.access.passwords import LONGEST, hash_password, matches
from dashboards.access.person import printable
from dashboards.access.sessions import address_of, begin, end, who_asks
from dashboards.desk import Desk, TheDesk
from dashboards.settings import Role
from dashboards.templating import render
from db.audit import record_audit

router = APIRouter()

_NAME_LENGTH = 100


@router.get("/login")
def login_page(request: Request, desk: TheDesk, next: str = "/") -> Response:
    """The form; whoever is in already goes on."""
    person = who_asks(request, desk)
    if person is not None:
        return RedirectResponse(_inside(next), status_code=303)
    return render(request, "login.html", next=_inside(next), name="", words="", local=desk.local)


@router.post("/login")
def login(
    request: Request,
    desk: TheDesk,
    name: Annotated[str, StringConstraints(max_length=_NAME_LENGTH), AfterValidator(printable), Form()],
    password: Annotated[str, Form(max_length=LONGEST)],
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Check the password; five wrong ones close a name for a quarter of an hour, whoever typed them."""
    address = address_of(request, desk)
    if too_many(desk.catalog, name, address):
        words = f"Too many tries. Wait {WITHIN.seconds // 60} minutes, or ask an admin."
        page = render(request, "login.html", 429, next=_inside(next), name=name, words=words, local=desk.local)
        page.headers["Retry-After"] = str(WITHIN.seconds)
        return page
    known = desk.catalog.person(name)
    # Nobody's password takes as long to check as somebody's.
    right = matches(password, known.password_hash if known and known.password_hash else _decoy())
    if known is None or known.password_hash is None or known.disabled or not right:
        with desk.catalog.write() as session:
            record_audit(
                session, who=name, role="", action=REFUSED, kind="person", object_id=name, address=address, detail={}
            )
        words = "Name and password do not go together."
        return render(request, "login.html", 401, next=_inside(next), name=name, words=words, local=desk.local)
    _let_in(desk, Person(known.name, cast(Role, known.role), address, "session"))
    response = RedirectResponse(_inside(next), status_code=303)
    begin(response, request, desk, person_id=known.person_id)
    return response


@router.get("/enter")
def enter(request: Request, desk: TheDesk, token: str) -> Response:
    """In by the address that the desk printed at its start; one that was made for this start is good once."""
    if not desk.local or desk.token is None or not hmac.compare_digest(desk.token.encode(), token.encode()):
        raise HTTPException(403, "This address was good once. Start `dubline review` again for another.")
    if desk.settings.review_token is None:
        desk.token = None
    _let_in(desk, Person(getpass.getuser(), "admin", address_of(request, desk), "machine"))
    response = RedirectResponse("/", status_code=303)
    begin(response, request, desk, person_id=None)
    return response


@router.post("/logout")
def logout(request: Request, desk: TheDesk, person: Viewer) -> Response:
    """End the session."""
    with desk.catalog.write() as session:
        audit(session, person, "log-out", "person", person.name)
    response = RedirectResponse("/login", status_code=303)
    end(response, request, desk)
    return response


def _let_in(desk: Desk, person: Person) -> None:
    with desk.catalog.write() as session:
        audit(session, person, "log-in", "person", person.name)


def _inside(address: str) -> str:
    """An address of ours to go on to; anything else is the board."""
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if ours else "/"


@cache
def _decoy() -> str:
    """A hash that no password has."""
    return hash_password(secrets.token_hex())
