"""What a night took: each title's times, and those of its shares in the GPU pool."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, StateType

from bench.night.ask import ask, moment


@dataclass(frozen=True, slots=True)
class Timing:
    """One title's times in seconds; ``work`` is during how much of its run any of its steps was at work."""

    queue: float
    free: float
    start: float
    run: float
    work: float

    @property
    def overhead(self) -> float:
        """What the worker was kept by it beyond the steps' own work."""
        return self.free + self.start + self.run - self.work


def measured(runs: Sequence[FlowRun]) -> dict[str, Any]:
    """The table of times: titles, and shares in the GPU pool."""
    work = _work()
    # A title's own flows within its process are in no pool.
    times = list(_timings([run for run in runs if run.work_pool_name == "cpu"], work))
    shares = list(_timings([run for run in runs if run.work_pool_name == "gpu"], {}))
    return {
        "title": _summary(times, ("queue", "free", "start", "run", "work", "overhead")),
        "share": _summary(shares, ("queue", "free", "start", "run")),
    }


def _work() -> dict[str, list[tuple[datetime, datetime]]]:
    """By Prefect's run id, the spans of the title's executed steps."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for run, begun, ended in ask(
        "select r.prefect_flow_run_id, s.started_at, s.ended_at from step s join run r on r.id = s.run_id"
        " where s.ended_at is not null and not s.cache_hit"
    ):
        spans[run].append((moment(begun), moment(ended)))
    return spans


def _timings(runs: Sequence[FlowRun], work: Mapping[str, list[tuple[datetime, datetime]]]) -> Iterator[Timing]:
    """One for each run; a worker here has one run at a time, so it is free when its last one has ended."""
    free_at: dict[str, datetime] = {}
    with get_client(sync_client=True) as client:
        histories = {run.id: _history(client, run.id) for run in runs}
    ended_well = [run for run in runs if StateType.COMPLETED in histories[run.id]]
    for run in sorted(ended_well, key=lambda run: histories[run.id][StateType.PENDING]):
        at = histories[run.id]
        asked, taken, begun, ended = (
            at[state] for state in (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)
        )
        worker = str(run.labels["prefect.worker.name"])
        ready = max(asked, free_at.get(worker, asked))
        free_at[worker] = ended
        yield Timing(
            queue=(begun - asked).total_seconds(),
            free=max((taken - ready).total_seconds(), 0.0),
            start=(begun - taken).total_seconds(),
            run=(ended - begun).total_seconds(),
            work=_covered(work.get(str(run.id), [])),
        )


def _history(client: Any, run: UUID) -> dict[StateType, datetime]:
    """When a run first came into each state."""
    states = sorted(client.read_flow_run_states(run), key=lambda state: state.timestamp)
    return {state.type: state.timestamp for state in reversed(states)}


def _covered(spans: Sequence[tuple[datetime, datetime]]) -> float:
    """Seconds during which at least one of ``spans`` lasts."""
    seconds, reached = 0.0, None
    for begun, ended in sorted(spans):
        start = begun if reached is None else max(begun, reached)
        if ended > start:
            seconds += (ended - start).total_seconds()
            reached = ended
    return seconds


def _summary(times: Sequence[Timing], names: Sequence[str]) -> dict[str, dict[str, float]]:
    found = {}
    for name in names if times else ():
        values = sorted(float(getattr(one, name)) for one in times)
        found[name] = {"median": statistics.median(values), "mean": statistics.fmean(values), "most": values[-1]}
    return found
