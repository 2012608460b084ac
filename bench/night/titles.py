"""The titles of a night as Prefect has them: handed in, waited for, and read at the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
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
# Titles that wait or are worked on while faults strike: two workers are never without.
_AHEAD = 6

# A title that crashed is taken up again. The nightly flow is in the same pool, and scheduled for days ahead.
_ENDED = (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED)
_TITLES = FlowFilter(name=FlowFilterName(any_=["localize"]))
_DISPATCHED = FlowFilter(name=FlowFilterName(any_=["localize", "separate"]))
_POOLS = WorkPoolFilter(name=WorkPoolFilterName(any_=["cpu", "gpu"]))


class Weather(Protocol):
    """What befalls a studio meanwhile."""

    standing: bool

    def go_on(self) -> None:
        """Strike, or wait, for a moment."""


@dataclass(slots=True)
class Night:
    """All orders on their way through a studio; ``wrong`` says so if they did not all end."""

    studio: Studio
    orders: Sequence[Path]
    handed_in: int = 0
    submit_seconds: float = 0.0
    ended: int = 0
    wrong: str | None = None

    def pass_by(self, weather: Weather | None) -> None:
        """Hand in, and tend the studio, until every title has ended.

        Where the weather is fair all are handed in at once. Else few at a time: a title that is taken up again waits
        behind those that are scheduled already, and how soon it is back would be hidden by that.
        """
        since = time.monotonic()
        ahead = len(self.orders) if weather is None else _AHEAD
        while self.ended < len(self.orders):
            self.studio.tend()
            ended = _ended()
            if ended is not None and ended > self.ended:
                self.ended, since = ended, time.monotonic()
                say(f"{ended} of {len(self.orders)} titles have ended")
            if time.monotonic() - since > _STUCK_SECONDS:
                self.wrong = f"stuck: {len(self.orders) - self.ended} titles have not ended"
                return
            # Nobody hands in an order to a studio that is out of order.
            if ended is not None and not (weather and weather.standing):
                self._hand_in(ended + ahead)
            if weather is not None:
                weather.go_on()
            time.sleep(_POLL_SECONDS)

    def _hand_in(self, until: int) -> None:
        settings = Settings.load()
        for order in self.orders[self.handed_in : until]:
            began = time.monotonic()
            submit_order(preflight(order, self.studio.out, settings), queue="normal", wait_seconds=_WAIT_SECONDS)
            self.submit_seconds += time.monotonic() - began
            self.handed_in += 1


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
