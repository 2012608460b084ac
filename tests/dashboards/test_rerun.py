"""A run that is asked for at the desk, against a real Prefect server that the project's own command has set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from fastapi import FastAPI
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Running

from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from flows.deployments import LOCALIZE, POOLS, default_file, set_up
from flows.localize import localize
from tests.dashboards.conftest import Browser
from tests.db.conftest import Studio

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def studio_server(prefect_server: str) -> Iterator[SyncPrefectClient]:
    """A client of a server with dubline's pools, queues and deployments."""
    set_up(default_file(), zombie_after=540)
    with get_client(sync_client=True) as client:
        yield client
        for pool in POOLS:
            client.delete_work_pool(pool)


@pytest.fixture
def app(studio_server: SyncPrefectClient, prefect_server: str, desk_settings: Callable[..., ReviewSettings]) -> FastAPI:
    """The desk of a studio with that server."""
    return create_app(desk_settings(PREFECT_API_URL=prefect_server))


def test_the_run_that_is_asked_for_waits_in_its_queue_with_the_kept_order(
    app: FastAPI, studio: Studio, studio_server: SyncPrefectClient, prefect_server: str
) -> None:
    one, version_id = Browser(app, "reviewer"), studio.catalog.title("glass-harbor").summary.version_id
    order = studio.catalog.latest_order(version_id)
    assert order is not None
    assert 'class="state queued"' not in one.page("/").text

    told = one.ask("POST", "/api/titles/glass-harbor/runs", {"queue": "rush"}).json()
    assert told["url"] == f"{prefect_server.removesuffix('/api')}/runs/flow-run/{told['flow_run_id']}"
    run = studio_server.read_flow_run(UUID(told["flow_run_id"]))
    assert run.deployment_id == studio_server.read_deployment_by_name(LOCALIZE).id
    assert (run.work_pool_name, run.work_queue_name) == ("cpu", "rush")
    assert run.state is not None and run.state.type == StateType.SCHEDULED
    assert set(run.tags) == {"title-glass-harbor", "rush", "asked-by-reviewer"}
    # As a worker hands them to the flow, which refuses what it does not take.
    given = localize.validate_parameters(run.parameters)
    assert given["version_id"] == version_id and given["replace_candidates"] is True
    assert (given["order_path"], given["out"]) == (order.path, order.out)

    # Nobody needs to have the board open for it to be known.
    later = Browser(create_app(app.state.desk.settings), "viewer")
    assert 'class="state queued"' in later.page("/").text
    assert "glass-harbor" in later.get("/api/live?once=true").text.partition('"waiting"')[2]
    studio_server.set_flow_run_state(run.id, Running())
    assert 'class="state queued"' not in Browser(create_app(app.state.desk.settings), "viewer").page("/").text
    studio_server.delete_flow_run(run.id)


def test_the_page_says_which_run_it_asked_for(app: FastAPI, deliverable: int, studio_server: SyncPrefectClient) -> None:
    page = Browser(app, "reviewer").submit(f"/deliverables/{deliverable}/run", queue="nightly").text
    run = studio_server.read_flow_run(UUID(page.partition("/runs/flow-run/")[2][:36]))
    assert run.work_queue_name == "nightly"
    studio_server.delete_flow_run(run.id)


def test_a_server_without_the_deployment_says_what_to_do(app: FastAPI, studio_server: SyncPrefectClient) -> None:
    studio_server.delete_deployment(studio_server.read_deployment_by_name(LOCALIZE).id)
    one = Browser(app, "reviewer")
    refused = one.ask("POST", "/api/titles/glass-harbor/runs", {})
    assert refused.status_code == 503 and "run `dubline deploy`" in refused.json()["detail"]
    assert one.page("/").status_code == 200
