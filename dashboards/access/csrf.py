"""Forms and scripts of other sites are not ours: every unsafe method carries a token that only our pages know.

The token is a keyed hash of the session's own token (of a visit's, before log-in; of the name, behind a proxy), so
that nothing needs to be kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from fastapi import HTTPException, Request

from dashboards.access.sessions import COOKIE, who_asks
from dashboards.desk import Desk, TheDesk

FIELD, HEADER, VISIT = "csrf", "X-CSRF-Token", "dubline_visit"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def csrf_checked(request: Request, desk: TheDesk) -> None:
    """Refuse an unsafe method without its token (403); for the whole application."""
    if request.method in _SAFE:
        return
    told = request.headers.get(HEADER)
    if told is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(FIELD)
        told = field if isinstance(field, str) else None
    holder = _holder(request, desk)
    if holder is None or told is None or not hmac.compare_digest(_sign(desk, holder).encode(), told.encode()):
        raise HTTPException(403, "This form is too old, or not ours. Go back, load the page again and repeat.")


def csrf_token(request: Request, desk: Desk) -> str:
    """The token for the forms of this response; a visitor without a session gets a visit, see `visit_cookie`."""
    holder = _holder(request, desk)
    if holder is None:
        request.state.new_visit = secrets.token_urlsafe(16)
        holder = f"visit {request.state.new_visit}"
    return _sign(desk, holder)


def _holder(request: Request, desk: Desk) -> str | None:
    """Who the token belongs to."""
    if new := getattr(request.state, "new_visit", None):
        return f"visit {new}"
    person = getattr(request.state, "person", None) or who_asks(request, desk)
    if person is not None and person.by == "proxy":
        return f"proxy {person.name}"
    if person is not None:
        return f"session {request.cookies[COOKIE]}"
    visit = request.cookies.get(VISIT)
    return f"visit {visit}" if visit else None


def _sign(desk: Desk, holder: str) -> str:
    return hmac.new(desk.settings.secret.encode(), f"csrf {holder}".encode(), hashlib.sha256).hexdigest()
