"""Sessions: a random token in the browser's cookie, its hash in the catalog."""

from __future__ import annotations

import getpass
import hashlib
import secrets
from datetime import timedelta
from typing import cast

from fastapi import Request, Response

from dashboards.access.person import Person
from dashboards.desk import Desk
from dashboards.settings import Role

COOKIE = "dubline_desk"


def who_asks(request: Request, desk: Desk) -> Person | None:
    """The person behind a request: by the reverse proxy's header, or by their session. None for nobody."""
    address = address_of(request, desk)
    if desk.settings.review_proxy_header and _from_proxy(request, desk):
        name = request.headers.get(desk.settings.review_proxy_header, "").strip()
        if name:
            return _by_proxy(desk, name, address)
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    there, owner = desk.catalog.session_owner(hash_of(token))
    if not there:
        return None
    if owner is not None:
        return Person(owner.name, cast(Role, owner.role), address, "session")
    return Person(getpass.getuser(), "admin", address, "machine") if desk.local else None


def begin(response: Response, request: Request, desk: Desk, *, person_id: int | None) -> None:
    """Open a session with a token of its own; the one that the browser held before is over."""
    if before := request.cookies.get(COOKIE):
        desk.catalog.close_session(hash_of(before))
    token = secrets.token_urlsafe(32)
    lasts = timedelta(hours=desk.settings.review_session_hours)
    desk.catalog.open_session(hash_of(token), person_id=person_id, address=address_of(request, desk), lasts=lasts)
    set_cookie(response, request, desk, COOKIE, token, seconds=int(lasts.total_seconds()))


def end(response: Response, request: Request, desk: Desk) -> None:
    """Close the session here and in the browser."""
    token = request.cookies.get(COOKIE)
    if token:
        desk.catalog.close_session(hash_of(token))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=is_secure(request, desk))


def set_cookie(response: Response, request: Request, desk: Desk, name: str, value: str, *, seconds: int) -> None:
    """A cookie that no script reads and no other site sends along with a form."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=is_secure(request, desk)
    )


def is_secure(request: Request, desk: Desk) -> bool:
    """Whether people reach the desk by https."""
    return request.url.scheme == "https" or (desk.settings.review_url or "").startswith("https:")


def address_of(request: Request, desk: Desk) -> str:
    """Where the request comes from; from the studio's own reverse proxy, what that says last."""
    if desk.settings.review_proxy_header and _from_proxy(request, desk):
        told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        if told:
            return told
    return _peer(request)


def hash_of(token: str) -> str:
    """What the catalog keeps of a token: it does not let anybody in."""
    return hashlib.sha256(token.encode()).hexdigest()


def _peer(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _from_proxy(request: Request, desk: Desk) -> bool:
    return _peer(request) in desk.settings.proxy_addresses


def _by_proxy(desk: Desk, name: str, address: str) -> Person | None:
    known = desk.catalog.person(name)
    if known is not None:
        return None if known.disabled else Person(known.name, cast(Role, known.role), address, "proxy")
    role = desk.settings.review_proxy_role
    return Person(name, role, address, "proxy") if role is not None else None
