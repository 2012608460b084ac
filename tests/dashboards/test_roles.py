"""Every route and who may use it: a new route is in this table, or the test fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.routing import Mount, Route

from dashboards.desk import Desk
from dashboards.media import signed
from tests.dashboards.conftest import ROLES, Browser
from tests.db.conftest import sha256_of

ANYBODY = "anybody"
# Who may, at least; "anybody" has not logged in.
TABLE = {
    "GET /api/openapi.json": ANYBODY,
    "GET /login": ANYBODY,
    "POST /login": ANYBODY,
    "GET /enter": ANYBODY,  # whoever knows the token that a desk of one machine prints
    "POST /logout": "viewer",
    "GET /": "viewer",
    "GET /titles/{slug}": "viewer",
    "GET /titles/{slug}/compare": "viewer",
    "GET /compare/{first}/{second}": "viewer",
    "GET /api/compare/{first}/{second}": "viewer",
    "GET /deliverables/{deliverable_id}": "viewer",
    "POST /deliverables/{deliverable_id}/decision": "reviewer",
    "POST /deliverables/{deliverable_id}/notes": "reviewer",
    "POST /deliverables/{deliverable_id}/run": "reviewer",
    "GET /lineage/{kind}/{name}": "viewer",
    "GET /reports": "viewer",
    "GET /people": "admin",
    "POST /people": "admin",
    "POST /people/{name}": "admin",
    "GET /audit": "admin",
    "GET /media/{token}": "viewer",
    "GET /api/me": "viewer",
    "GET /api/live": "viewer",
    "GET /api/board": "viewer",
    "GET /api/board/summary": "viewer",
    "GET /api/deliverables/{deliverable_id}": "viewer",
    "GET /api/deliverables/{deliverable_id}/media": "viewer",
    "POST /api/deliverables/{deliverable_id}/decision": "reviewer",
    "POST /api/deliverables/{deliverable_id}/notes": "reviewer",
    "POST /api/titles/{slug}/runs": "reviewer",
    "GET /api/lineage/{kind}/{name}": "viewer",
    "GET /api/lineage/{kind}/{name}/made": "viewer",
    "GET /api/reports/nightly": "viewer",
    "GET /api/export/{table}.{form}": "viewer",
    "GET /api/audit": "admin",
    "GET /api/titles/{slug}/view": "viewer",
    "GET /api/titles/{slug}/loudness/{track}": "viewer",
    "GET /api/titles/{slug}/edits": "viewer",
    "POST /api/titles/{slug}/edits": "reviewer",
    "DELETE /api/titles/{slug}/edits/{edit_id}": "reviewer",
    "GET /api/titles/{slug}/notes": "viewer",
    "POST /api/titles/{slug}/notes": "reviewer",
}
# Refused for who asks, not for what is asked.
REFUSALS = (401, 403)


def routes_of(app: FastAPI) -> set[str]:
    """Every method and path that the application answers, but for the files in static/."""
    found: list[Any] = []
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path == "/static"
        elif isinstance(route, Route):
            found.append(route)
        else:
            found += route.effective_route_contexts()  # type: ignore[attr-defined]
    return {f"{method} {route.path}" for route in found for method in route.methods - {"HEAD"}}


def test_every_route_is_in_the_table(app: FastAPI) -> None:
    assert routes_of(app) == TABLE.keys()


@pytest.fixture
def places(desk: Desk, deliverable: int) -> dict[str, str]:
    """What to put into the paths: things that are there."""
    final = sha256_of(b"master final 1")
    return {
        "{slug}": "glass-harbor",
        "{deliverable_id}": str(deliverable),
        "{kind}": "deliverable",
        "{name}": str(deliverable),
        "{token}": signed(desk, final, "deliverable", 60).removeprefix("/media/"),
        "{table}": "board",
        "{form}": "csv",
        "{track}": "me",
        "{edit_id}": "1",
        "{first}": str(deliverable),
        "{second}": str(deliverable),
    }


def test_each_gets_exactly_what_it_should(browser: Callable[..., Browser], places: dict[str, str]) -> None:
    """Every route by every role, with the token of its forms; below the role 401 or 403, at it and above neither."""
    people = {ANYBODY: browser(), **{role: browser(role) for role in ROLES}}
    people[ANYBODY].page("/login")
    for route, least in TABLE.items():
        method, path = route.split()
        for name, value in places.items():
            path = path.replace(name, value) if "people" not in path else path.replace("{name}", "nobody")
        for role, one in people.items():
            ranks = (ANYBODY, *ROLES)
            may = ranks.index(role) >= ranks.index(least)
            if route == "POST /logout" and role != ANYBODY:
                continue  # it would end the session that the next line needs
            query = {"once": "true"} if path == "/api/live" else {}
            answer = one.request(method, path, params=query, headers={"X-CSRF-Token": one.csrf})
            told = f"{route} by {role}: {answer.status_code} {answer.text[:200]}"
            assert answer.status_code != 500, told
            assert may == (answer.status_code not in REFUSALS) or route.startswith("POST /login"), told


def test_a_person_without_a_session_is_sent_to_log_in_and_then_on(browser: Callable[..., Browser]) -> None:
    nobody = browser()
    sent = nobody.page("/reports?days=7")
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=/reports%3Fdays%3D7")
    page = nobody.page(sent.headers["location"])
    assert 'name="next" value="/reports?days=7"' in page.text


def test_what_a_role_may_not_do_is_not_offered(browser: Callable[..., Browser], deliverable: int) -> None:
    address = f"/deliverables/{deliverable}"
    assert "Approve" not in browser("viewer").page(address).text
    assert "Approve" in browser("reviewer").page(address).text
    assert 'href="/people"' not in browser("reviewer").page("/").text
    assert 'href="/people"' in browser("admin").page("/").text
