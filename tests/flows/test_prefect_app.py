"""Prefect's server on SQLite: many who write at once wait their turn, and none is refused."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Completed, Pending, Running


@flow
def nothing() -> None:
    """Its runs are walked through their states by hand."""


def test_many_runs_change_their_state_at_once_and_none_is_refused(prefect_server: str, prefect_folder: Path) -> None:
    log = prefect_folder / "server.log"
    before = log.stat().st_size

    def live(number: int) -> bool:
        with get_client(sync_client=True) as client:
            run = client.create_flow_run(nothing, name=f"run {number}")
            for state in (Pending(), Running(), Completed()):
                client.set_flow_run_state(run.id, state)
            last = client.read_flow_run(run.id).state
            return last is not None and last.is_completed()

    with ThreadPoolExecutor(8) as pool:
        # Which server is asked belongs to the context, which a thread does not take over.
        asked = [pool.submit(copy_context().run, live, number) for number in range(16)]
        assert all(one.result() for one in asked)
    assert not re.search("database is locked", log.read_text()[before:])
