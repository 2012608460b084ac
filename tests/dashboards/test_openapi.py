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

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]
# Its answer has no end; how it ends with `?once=true` stands in test_pages.py.
ENDLESS = "/api/live"


def ask_all(app: FastAPI, examples: int) -> int:
    """Every operation with requests that its description allows and some that it does not; how many operations."""
    one = Browser(app, "admin")
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    operations = [found.ok() for found in schema.get_all_operations()]
    for operation in operations:
        if operation.path != ENDLESS:
            _ask(one, operation, examples)
    return len(operations)


def _ask(one: Browser, operation: Any, examples: int) -> None:
    quiet = settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )

    @quiet
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        # As a client would write it on the wire; the desk is asked without one.
        told = case.as_transport_kwargs(base_url=HOST, headers={"X-CSRF-Token": one.csrf})
        fields = ("method", "url", "headers", "params", "data", "json", "files", "cookies")
        wire = requests.Request(**{name: told[name] for name in fields if name in told}).prepare()
        answer = one.request(str(wire.method), str(wire.url), headers=dict(wire.headers), content=wire.body)
        case.validate_response(answer, checks=CHECKS)

    ask()


def test_a_request_to_every_operation(app: FastAPI) -> None:
    assert ask_all(app, 1) > 15


@pytest.mark.slow
def test_many_requests_to_every_operation(app: FastAPI) -> None:
    assert ask_all(app, 150) > 15
