"""Flow runs in a work pool, made and waited for from inside another run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, WorkerStatus
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from dubline.errors import BadInput, Cancelled, DublineError, EnvironmentFault
from tasks import cancel
from tasks.step import RunRef

_POLL_SECONDS = 1.0
# A server that restarts is back sooner; its runs go on meanwhile.
_SERVER_AWAY_SECONDS = 600.0
# How long a cancelled run may take to end: its worker asks it first, and kills it after 30 s.
_CANCEL_SECONDS = 60.0

_UNENDED = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
]


class NobodyThereError(Exception):
    """The pool lost its last worker before anybody took the work."""


def live_workers(pool: str) -> int:
    """How many workers of ``pool`` have been heard of lately; 0 for a pool that is not there."""
    with get_client(sync_client=True) as client:
        return _live(client, pool)


def unended_runs(client: SyncPrefectClient, tag: str) -> list[FlowRun]:
    """Flow runs with this tag that are scheduled, or at work."""
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[tag]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNENDED)),
        )
    )


def dispatch(
    run: RunRef,
    flow: str,
    pool: str,
    shares: Sequence[Mapping[str, Any]],
    *,
    insist: bool,
    meanwhile: Callable[[], object] = lambda: None,
) -> int:
    """Run ``flow`` in ``pool`` once for each of ``shares`` (its parameters) and wait; returns how many crashed.

    What an earlier run of the title that died has left there is cancelled and waited for first; all that has not ended
    when this raises is cancelled too: what a share raised, `Cancelled`, or `EnvironmentFault` when the server stays
    away. Where nobody takes a share and no worker lives, it waits if ``insist``, else raises `NobodyThereError`.
    ``meanwhile`` is called about once a second.
    """
    tag = f"version-{run.version_id}"
    with get_client(sync_client=True) as client:
        deployment = _deployment(client, flow, pool)
        left = [one for one in unended_runs(client, tag) if one.deployment_id == deployment]
        _wait_until_gone(client, _cancel(client, [one.id for one in left]))
        asked = [_ask(deployment, share, [tag, f"title-{run.title}"]) for share in shares]
        try:
            return _wait(client, run, pool, asked, insist=insist, meanwhile=meanwhile)
        finally:
            # A server that is away is no reason to hide what ended the wait.
            with suppress(httpx.TransportError):
                _cancel(client, asked)


def _ask(deployment: UUID, parameters: Mapping[str, Any], tags: list[str]) -> UUID:
    """Schedule one run, in the queue of the same name as the asking run's own: what is urgent there is urgent here."""
    here = FlowRunContext.get()
    queue = here.flow_run.work_queue_name if here is not None and here.flow_run is not None else None
    made = run_deployment(deployment, parameters=dict(parameters), timeout=0, tags=tags, work_queue_name=queue)
    # Its type is one for both worlds; here, without an event loop, it answers with the run.
    return cast(FlowRun, made).id


def _wait(
    client: SyncPrefectClient,
    run: RunRef,
    pool: str,
    asked: list[UUID],
    *,
    insist: bool,
    meanwhile: Callable[[], object],
) -> int:
    heard = time.monotonic()
    while True:
        if cancel.requested(run.run_id):
            raise Cancelled("stopped on request", f"pool {pool}", "run it again")
        try:
            runs = [client.read_flow_run(one) for one in asked]
            alone = not insist and not _live(client, pool)
            heard = time.monotonic()
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            if time.monotonic() - heard > _SERVER_AWAY_SECONDS:
                raise EnvironmentFault("the Prefect server does not answer", str(error), "start it again") from error
            time.sleep(_POLL_SECONDS)
            continue
        states = [_state(one) for one in runs]
        for state in states:
            if not state.is_crashed():
                raise_unless_completed(state, f"pool {pool}")
        meanwhile()
        if all(state.is_final() for state in states):
            return sum(state.is_crashed() for state in states)
        if alone and any(state.is_scheduled() or state.is_pending() for state in states):
            raise NobodyThereError
        time.sleep(_POLL_SECONDS)


def _live(client: SyncPrefectClient, pool: str) -> int:
    try:
        client.read_work_pool(pool)  # says that there is none, where asking for its workers merely fails
        workers = client.read_workers_for_work_pool(pool)
    except ObjectNotFound:
        return 0
    return sum(worker.status == WorkerStatus.ONLINE for worker in workers)


def _deployment(client: SyncPrefectClient, flow: str, pool: str) -> UUID:
    found = client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
    )
    if not found:
        raise EnvironmentFault(f"no deployment of '{flow}'", f"pool {pool}", "run `dubline deploy`")
    return found[0].id


def _cancel(client: SyncPrefectClient, runs: Sequence[UUID]) -> list[UUID]:
    """Ask what has not ended to stop; its workers see to it."""
    going = [one for one in runs if not _state(client.read_flow_run(one)).is_final()]
    for one in going:
        client.set_flow_run_state(one, Cancelling())
    return going


def _wait_until_gone(client: SyncPrefectClient, runs: Sequence[UUID]) -> None:
    """Wait for cancelled runs to end, so that nothing is worked on twice."""
    deadline = time.monotonic() + _CANCEL_SECONDS
    while runs and time.monotonic() < deadline:
        runs = [one for one in runs if not _state(client.read_flow_run(one)).is_final()]
        time.sleep(_POLL_SECONDS if runs else 0)


def _state(run: FlowRun) -> State[Any]:
    assert run.state is not None  # a run is made with one
    return run.state


# How Prefect words the exception a flow ended with, and how we word ours.
_ENDED_WITH = re.compile(r"(?P<kind>BadInput|EnvironmentFault): (?P<what>.*?) \((?P<where>.*)\): (?P<mend>.*)")
_KINDS: dict[str, type[DublineError]] = {"BadInput": BadInput, "EnvironmentFault": EnvironmentFault}


def raise_unless_completed(state: State[Any], where: str) -> None:
    """Raise what a run ended with, in the same words; nothing while it has not ended, or when it ended well."""
    said = state.message or "no reason given"
    if state.is_cancelled():
        raise Cancelled("the run was cancelled", where, "run it again")
    if not (state.is_failed() or state.is_crashed()):
        return
    if found := _ENDED_WITH.search(said):
        raise _KINDS[found["kind"]](found["what"], f"{found['where']}, {where}", found["mend"])
    raise EnvironmentFault(f"the run {(state.name or 'failed').lower()}: {said}", where, "see its log, then run again")
