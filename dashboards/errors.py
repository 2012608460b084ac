"""What people and programs see when something is wrong: a page or an object, by whom they are."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from dashboards.access.sessions import who_asks
from dashboards.desk import this_desk
from dashboards.security import HEADERS
from dashboards.templating import render, render_bare
from db.errors import Conflict, DbError, NotFound

log = logging.getLogger(__name__)


class Problem(BaseModel):
    """What is wrong, in words for people."""

    detail: str


# As the OpenAPI tells every operation's.
RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "Nobody is logged in."},
    403: {"model": Problem, "description": "The role is not enough, or the CSRF token is missing."},
    404: {"model": Problem, "description": "The catalog knows no such thing."},
    409: {"model": Problem, "description": "It contradicts what the catalog must keep, or its state."},
    413: {"model": Problem, "description": "The body is too large."},
    422: {"model": Problem, "description": "The request is not what this operation takes."},
    503: {"model": Problem, "description": "The catalog, its store or Prefect does not answer."},
}
_TITLES = {
    400: "That was not understood",
    403: "That is not yours to do",
    404: "Nothing is here",
    405: "Not that way",
    409: "That cannot be done now",
    410: "This address is over",
    413: "Too much at once",
    422: "That was not understood",
    429: "Too many tries",
    500: "A mistake of ours",
    503: "The catalog is away",
}

# For what the framework refuses by itself.
_WORDS = {404: "There is no such page. A title may have been renamed.", 405: "This page does not take that."}


def install(app: FastAPI) -> None:
    """Answer every kind of error in our own words."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(DbError, _db)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _bug)


def wants_json(request: Request) -> bool:
    """Whether a program asks."""
    return request.url.path.startswith("/api/") or "text/html" not in request.headers.get("accept", "*/*,text/html")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 401 and not wants_json(request):
        return RedirectResponse(f"/login?next={quote(_wanted(request))}", status_code=303)
    words = str(error.detail)
    if words == HTTPStatus(error.status_code).phrase:
        words = _WORDS.get(error.status_code, words)
    return answer(request, error.status_code, words, error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request, 422, _first(error.errors()))


async def _db(request: Request, error: Exception) -> Response:
    assert isinstance(error, DbError)
    if isinstance(error, NotFound):
        return answer(request, 404, f"{error.what}: {error.where}")
    if isinstance(error, Conflict):
        return answer(request, 409, f"{error.what} ({error.where}): {error.mend}")
    log.error("%s", error)
    # Where the database lies is for those who run it.
    return answer(request, 503, "The catalog or its store does not answer. What was done before is kept; try again.")


async def _gone(request: Request, error: Exception) -> Response:
    return answer(request, 413, "The request ended before its end, or is longer than this page takes.")


async def _bug(request: Request, error: Exception) -> Response:
    # This answer alone goes out past `Guard`.
    return answer(request, 500, "This is a bug in dubline, and is in the log of the desk.", HEADERS)


def answer(request: Request, status: int, words: str, headers: Any = None) -> Response:
    """An error as an object ``{"detail": …}`` for programs, as a page for people."""
    if wants_json(request):
        return JSONResponse({"detail": words}, status_code=status, headers=headers)
    known = {"title": _TITLES.get(status, "This did not work"), "words": words, "code": status}
    page: Response
    try:
        request.state.person = who_asks(request, this_desk(request))
        page = render(request, "error.html", status, **known)
    except DbError:  # the page asks who is there, of a catalog that is away
        page = render_bare(request, "error.html", status, **known)
    page.headers.update(headers or {})
    return page


def _wanted(request: Request) -> str:
    """Where a person goes after log-in; a form's address is not one to go to."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _first(errors: Sequence[Any]) -> str:
    if not errors:
        return "The request is not what this page takes."
    first = errors[0]
    if first.get("type") == "json_invalid":
        return "The body is not JSON."
    where = ".".join(str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path"))
    return f"{where or 'request'}: {first.get('msg', 'is wrong')}"
