"""The titles of a night as Prefect has them: handed in, waited for, and read at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType

from bench.night.studio import Studio, impatient, say
from flows.preflight import preflight
from flows.submit import submit_order
from tasks.settings import Settings

# As `dubline submit` has it: so long a run waits for another that holds its title.
_WAIT_SECONDS = 3600.0
# A night in which nothing ends for so long is stuck.
_STUCK_SECONDS = 1200.0
_POLL_SECONDS = 1.0

# A title that crashed is taken up again. The nightly flow is in the same pool, and scheduled for days ahead.
_ENDED = (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED)
_TITLES = FlowFilter(name=FlowFilterName(any_=["localize"]))
_DISPATCHED = FlowFilter(name=FlowFilterName(any_=["localize", "separate"]))
_POOLS = WorkPoolFilter(name=WorkPoolFilterName(any_=["cpu", "gpu"]))


def hand_in(studio: Studio, orders: Sequence[Path]) -> float:
    """Submit all; returns seconds for each."""
    say(f"handing in {len(orders)} orders")
    began, settings = time.monotonic(), Settings.load()
    for order in orders:
        submit_order(preflight(order, studio.out, settings), queue="normal", wait_seconds=_WAIT_SECONDS)
    return (time.monotonic() - began) / len(orders)


def wait_for_all(studio: Studio, count: int, storm: Iterator[None] | None) -> str | None:
    """Tend the studio, and go on with the storm, until every title has ended; what is wrong if none does any more."""
    most, since = -1, time.monotonic()
    while True:
        studio.tend()
        ended = _ended()
        if ended is not None and ended > most:
            most, since = ended, time.monotonic()
            say(f"{ended} of {count} titles have ended")
        if most >= count:
            return None
        if time.monotonic() - since > _STUCK_SECONDS:
            return f"stuck: {count - most} titles have not ended"
        if storm is not None:
            next(storm)
        time.sleep(_POLL_SECONDS)


def _ended() -> int | None:
    """How many titles have; None while the server does not answer."""
    states = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_ENDED)))
    try:
        with impatient() as client:
            return client.count_flow_runs(
                flow_filter=_TITLES, flow_run_filter=FlowRunFilter(state=states), work_pool_filter=_POOLS
            )
    except httpx.HTTPError:
        return None


def at_work() -> list[UUID]:
    """Runs of titles that are; none while the server does not answer."""
    states = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
    try:
        with impatient() as client:
            runs = client.read_flow_runs(
                flow_filter=_TITLES, flow_run_filter=FlowRunFilter(state=states), work_pool_filter=_POOLS
            )
    except httpx.HTTPError:
        return []
    return [run.id for run in runs]


def have_ended(asked: Sequence[UUID]) -> bool:
    """Whether all of them have; not as long as the server does not answer."""
    try:
        with impatient() as client:
            runs = client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(asked))))
    except httpx.HTTPError:
        return False
    return len(runs) == len(asked) and all(run.state_type in _ENDED for run in runs)


def all_runs() -> list[FlowRun]:
    """Every run of a title and of a share of one that a worker took, or should have."""
    runs: list[FlowRun] = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_filter=_DISPATCHED, work_pool_filter=_POOLS, limit=200, offset=len(runs)
        ):
            runs += page
    return runs
