"""Pages from templates: escaped, with who is asking and the token of their forms."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dashboards.access.csrf import VISIT, csrf_token
from dashboards.access.sessions import set_cookie
from dashboards.desk import this_desk

HERE = Path(__file__).parent
STATIC = HERE / "static"
_VISIT_SECONDS = 3600

_pages = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(request: Request, template: str, status: int = 200, **known: Any) -> HTMLResponse:
    """The page of ``template`` with ``known``, and in every page ``person`` (None before log-in), ``csrf``,
    ``request``, ``desk``."""
    desk = this_desk(request)
    token = csrf_token(request, desk)
    person = getattr(request.state, "person", None)
    page = _pages.get_template(template).render(request=request, desk=desk, person=person, csrf=token, **known)
    response = HTMLResponse(page, status_code=status)
    if visit := getattr(request.state, "new_visit", None):
        set_cookie(response, request, desk, VISIT, visit, seconds=_VISIT_SECONDS)
    return response


def render_bare(request: Request, template: str, status: int, **known: Any) -> HTMLResponse:
    """The page for nobody in particular: where the catalog that knows people is away."""
    page = _pages.get_template(template).render(request=request, desk=this_desk(request), person=None, csrf="", **known)
    return HTMLResponse(page, status_code=status)


@cache
def static_url(name: str) -> str:
    """The address of a file in ``static/``; its hash is part of it, so that browsers may keep it."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def moment(when: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return "" if when is None else f"{when:%Y-%m-%d %H:%M}"


def day(when: date | None) -> str:
    """A day."""
    return "" if when is None else f"{when:%Y-%m-%d}"


def lasted(seconds: float | None) -> str:
    """A duration in the largest units that say it."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: float) -> str:
    """Bytes in the largest unit that says them."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


_pages.filters.update(moment=moment, day=day, lasted=lasted, size=size)
_pages.globals.update(static=static_url)
