"""The board: titles by languages by specs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.access import Viewer
from dashboards.board import STATES, Asked, AskedFor, is_late, shown_state
from dashboards.desk import TheDesk
from dashboards.templating import render

router = APIRouter()


@router.get("/")
def board(request: Request, desk: TheDesk, person: Viewer, wanted: AskedFor, part: bool = False) -> Response:
    """The page, or with ``part`` its lines alone, for the script that keeps them fresh."""
    found = desk.catalog.board(wanted.query)
    waiting = desk.waiting.among({title.slug for title in found.titles})
    known: dict[str, Any] = {
        "board": found,
        "asked": wanted,
        "is_late": is_late,
        "shown": lambda slot, title: shown_state(slot, title, waiting),
        "link": lambda **changes: _link(wanted, **changes),
        "run_url": desk.prefect.run_url,
    }
    if part:
        return render(request, "board_lines.html", **known)
    return render(request, "board.html", summary=desk.summary.now(), states=STATES, **known)


def _link(wanted: Asked, **changes: Any) -> str:
    """The board with something asked differently; from the first page, unless a page is asked for."""
    due = changes.pop("due", wanted.due)
    query = replace(wanted.query, **{"page": 1, **changes})
    said = {"search": query.search, "state": query.state, "language": query.language, "spec": query.spec, "due": due}
    said |= {"sort": "" if query.sort == "due" else query.sort, "page": "" if query.page == 1 else str(query.page)}
    words = urlencode({name: value for name, value in said.items() if value})
    return f"/?{words}" if words else "/"
