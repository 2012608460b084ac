"""What the OpenAPI allows, and what it does not: nothing makes the desk fail, and answers are what it says."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.dashboards.conftest import HOST, Browser
from tests.dashboards.test_roles import TABLE

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
# Of the stream of events there is no end; how it ends with `?once=true` stands in test_pages.py.
ENDLESS = "GET /api/live"
OPERATIONS = sorted(
    route for route in TABLE if " /api/" in route and route not in (ENDLESS, "GET /api/openapi.json")
)  # fmt: skip
# Things that are there.
KNOWN = {
    "slug": "glass-harbor", "deliverable_id": 1, "kind": "deliverable", "name": "1", "table": "board", "form": "csv",
    "track": "me", "first": 1, "second": 1,
}  # fmt: skip

# The sound of that title is in no tiles, and of it there are no curves.
STATUS = {"GET /api/compare/{first}/{second}": 409, "GET /api/titles/{slug}/loudness/{track}": 404}


def operation_of(app: FastAPI, route: str) -> Any:
    """An operation of the OpenAPI as ``METHOD path``."""
    method, path = route.split()
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return schema[path][method]


def answer_to(one: Browser, case: Any) -> Any:
    """The desk's answer to a case as a client would write it on the wire; the desk is asked without one."""
    told = case.as_transport_kwargs(base_url=HOST, headers={"X-CSRF-Token": one.csrf})
    fields = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
    wire = requests.Request(**{name: told[name] for name in fields if name in told}).prepare()
    return one.request(str(wire.method), str(wire.url), headers=dict(wire.headers), content=wire.body)


def test_every_operation_that_is_described_is_asked(app: FastAPI) -> None:
    described = schemathesis.openapi.from_dict(app.openapi()).get_all_operations()
    found = {f"{one.ok().method.upper()} {one.ok().path}" for one in described}
    assert found - {ENDLESS, "GET /media/{token}"} == set(OPERATIONS)


def test_what_is_there_is_told_as_the_openapi_says(app: FastAPI) -> None:
    one = Browser(app, "admin")
    for route in OPERATIONS:
        if not route.startswith("GET "):
            continue
        operation = operation_of(app, route)
        wanted = {name: KNOWN[name] for name in KNOWN if f"{{{name}}}" in route}
        case = operation.Case(path_parameters=wanted)
        answer = answer_to(one, case)
        assert answer.status_code == STATUS.get(route, 200), route
        case.validate_response(answer, checks=CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("route", [*OPERATIONS, "GET /media/{token}"])
def test_whatever_is_asked_the_desk_answers_as_the_openapi_says(app: FastAPI, route: str) -> None:
    one = Browser(app, "admin")
    quiet = settings(
        max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )

    @quiet
    @given(case=operation_of(app, route).as_strategy())
    def ask(case: Any) -> None:
        case.validate_response(answer_to(one, case), checks=CHECKS)

    ask()
