"""An order handed to the workers."""

from __future__ import annotations

import time
from typing import cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from dubline.errors import EnvironmentFault
from flows.deployments import LOCALIZE
from flows.dispatch import raise_unless_completed
from flows.preflight import Plan
from flows.run import record_order, register

_POLL_SECONDS = 1.0
# A crashed run is taken up again by an automation, once it is certain that its worker is done with it.
_CRASHED_SECONDS = 60.0


def submit_order(plan: Plan, *, queue: str, wait_seconds: float) -> FlowRun:
    """Schedule the deployment `localize` for an order whose names are known; `EnvironmentFault` where it is missing.

    What the order asks for is wanted from then on, though it may run much later.
    """
    title = plan.order.title
    parameters = {"order_path": str(plan.order_path), "out": str(plan.out), "wait_seconds": wait_seconds}
    try:
        made = run_deployment(
            LOCALIZE,
            parameters=parameters,
            timeout=0,
            tags=[f"title-{title.id}", queue],
            work_queue_name=queue,
            as_subflow=False,
        )
    except ObjectNotFound as error:
        raise EnvironmentFault(f"no deployment {LOCALIZE}", "the Prefect server", "run `dubline deploy`") from error
    record_order(plan, register(plan))
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
