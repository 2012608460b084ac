"""What Prefect's server knows of a studio at this moment: runs in each queue, workers in each pool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
    WorkQueueFilter,
    WorkQueueFilterName,
)
from prefect.client.schemas.objects import StateType, WorkerStatus
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

# Who scrapes waits ten seconds by default; a server that takes longer counts as away.
_TIMEOUT_SECONDS = 4.0

# A run waits while it is scheduled, or taken by a worker and not begun.
QUEUED = (StateType.SCHEDULED, StateType.PENDING)
AT_WORK = (StateType.RUNNING, StateType.CANCELLING)


@dataclass(frozen=True, slots=True)
class Queue:
    """A work queue: how many runs wait in it, and how many are at work."""

    pool: str
    name: str
    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class Studio:
    """All queues, and the live workers by pool."""

    queues: Sequence[Queue]
    workers: dict[str, int]


def look(url: str) -> Studio:
    """Ask the server at ``url``; raises `httpx.HTTPError` when it does not answer in time."""
    with (
        temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": _TIMEOUT_SECONDS}) as client,
    ):
        pools = [pool.name for pool in client.read_work_pools()]
        queues = [
            Queue(pool, queue.name, _count(client, pool, queue.name, QUEUED), _count(client, pool, queue.name, AT_WORK))
            for pool in pools
            for queue in client.read_work_queues(work_pool_name=pool)
        ]
        workers = {
            pool: sum(one.status == WorkerStatus.ONLINE for one in client.read_workers_for_work_pool(pool))
            for pool in pools
        }
    return Studio(queues, workers)


def _count(client: SyncPrefectClient, pool: str, queue: str, states: Sequence[StateType]) -> int:
    return client.count_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        work_queue_filter=WorkQueueFilter(name=WorkQueueFilterName(any_=[queue])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))),
    )
