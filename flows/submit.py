"""An order handed to the workers."""

from __future__ import annotations

import json
import time
from typing import Any, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from db.orders import StoredOrder
from db.stale import DeliveredVersion
from dubline.errors import EnvironmentFault
from flows.deployments import LOCALIZE, NIGHTLY
from flows.dispatch import raise_unless_completed, unended_runs
from flows.preflight import Plan
from flows.run import record_order, register

_POLL_SECONDS = 1.0
# A crashed run is taken up again by an automation, once it is certain that its worker is done with it.
_CRASHED_SECONDS = 60.0


def submit_order(plan: Plan, *, queue: str, wait_seconds: float) -> FlowRun:
    """Schedule the deployment `localize` for an order whose names are known; `EnvironmentFault` where it is missing.

    What the order asks for is wanted from then on, though it may run much later.
    """
    parameters = {"order_path": str(plan.order_path), "out": str(plan.out), "wait_seconds": wait_seconds}
    made = _schedule(parameters, queue, [f"title-{plan.order.title.id}", queue])
    record_order(plan, register(plan))
    return made


def submit_again(version: DeliveredVersion, stored: StoredOrder, *, keep_approved: bool) -> FlowRun | None:
    """Schedule a version's kept order in the queue `nightly`; None where an earlier such run has not ended yet."""
    tag = f"reprocess-{version.version_id}"
    with get_client(sync_client=True) as client:
        if unended_runs(client, tag):
            return None
    parameters = {
        "order_path": str(stored.path),
        "out": str(stored.out),
        "version_id": version.version_id,
        "keep_approved": keep_approved,
    }
    return _schedule(parameters, NIGHTLY, [f"title-{version.slug}", tag, NIGHTLY])


def _schedule(parameters: dict[str, Any], queue: str, tags: list[str]) -> FlowRun:
    try:
        made = run_deployment(
            LOCALIZE, parameters=parameters, timeout=0, tags=tags, work_queue_name=queue, as_subflow=False
        )
    except ObjectNotFound as error:
        raise EnvironmentFault(f"no deployment {LOCALIZE}", "the Prefect server", "run `dubline deploy`") from error
    # Its type is one for both worlds; here, without an event loop, it answers with the run.
    return cast(FlowRun, made)


def follow(submitted: FlowRun) -> str:
    """Wait for the run to end; the name of the state it completed in, or what it raised, or `Cancelled`."""
    crashed_since = time.monotonic()
    with get_client(sync_client=True) as client:
        while True:
            state = client.read_flow_run(submitted.id).state
            assert state is not None  # a run is made with one
            if not state.is_crashed():
                crashed_since = time.monotonic()
            if state.is_final() and (not state.is_crashed() or time.monotonic() - crashed_since > _CRASHED_SECONDS):
                raise_unless_completed(state, f"run {submitted.name}")
                return state.name or "Completed"
            time.sleep(_POLL_SECONDS)


def delivered_by(submitted: FlowRun) -> list[dict[str, Any]]:
    """What a run that completed has delivered, from the table it left in Prefect: language, spec, verdict, figures."""
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=ArtifactFilter(
                key=ArtifactFilterKey(like_="deliverables-%"),
                flow_run_id=ArtifactFilterFlowRunId(any_=[submitted.id]),
            )
        )
    # A run that crashed late and was taken up again has left two: the newest speaks.
    newest = max(found, key=lambda one: str(one.created), default=None)
    rows: list[dict[str, Any]] = json.loads(str(newest.data)) if newest is not None else []
    return rows
