"""A title that another machine has taken over is let go of: its steps stop, and nothing is published any more."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect import flow
from sqlalchemy import select

from db import models as m
from db.errors import LockLost, RunEnded
from dubline.errors import Cancelled
from flows.preflight import Plan, preflight
from flows.run import title_run
from tasks import cancel
from tasks.context import means
from tasks.publish import Publication, publish
from tasks.settings import Settings

# What another machine does that has not heard of the owner for longer than the lease. The owner, who is alive in
# truth, may renew it in between: then it is done again.
TAKE_OVER = """
import sys
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from sqlalchemy import update
from db import models as m
from db.catalog import Catalog
from db.errors import TitleBusy
catalog = Catalog.open(sys.argv[1])
run = catalog.start_run(int(sys.argv[2]), trigger="user", host="another")
silent = {"host": "elsewhere", "lease_until": datetime.now(UTC) - timedelta(minutes=1)}
with ExitStack() as held:
    taken = False
    while not taken:
        with catalog.write() as session:
            session.execute(update(m.TitleLock).values(silent))
        with suppress(TitleBusy):
            held.enter_context(catalog.title_lock(int(sys.argv[2]), run))
            taken = True
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def plan(home: Path, sample: Path, tmp_path: Path, prefect_server: str) -> Plan:
    return preflight(sample / "order.yaml", tmp_path / "out", Settings.load())


@pytest.fixture
def another() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that have taken a title over, until the test is done."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.communicate(timeout=60)


def take_over(version_id: int, another: list[subprocess.Popen[str]]) -> None:
    command = [sys.executable, "-c", TAKE_OVER, Settings.load().catalog_url, str(version_id)]
    another.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    assert another[-1].stdout is not None
    assert another[-1].stdout.readline() == "taken\n"


def test_a_run_that_lost_its_title_stops_at_its_next_block_and_publishes_nothing(
    plan: Plan, another: list[subprocess.Popen[str]], sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.run.LEASE_SECONDS", 0.9)
    seen: list[BaseException] = []

    @flow(persist_result=False)
    def some_title() -> None:
        with title_run(plan, wait_seconds=0) as run:
            take_over(run.version_id, another)
            try:
                publish.fn(tmp_path / "out", [], run.run_id)
            except (RunEnded, Cancelled) as error:  # the catalog knows at once, this process by its next renewal
                seen.append(error)
            deadline = time.monotonic() + 30
            while not cancel.requested(run.run_id) and time.monotonic() < deadline:
                time.sleep(0.05)
            publish.fn(tmp_path / "out", [Publication("film.mov", "0" * 64)], run.run_id)

    with pytest.raises(LockLost, match="another run has taken it over") as lost:
        some_title()
    assert lost.value.exit_code == 5
    assert len(seen) == 1
    assert not list((tmp_path / "out").rglob("*.mov"))
    with means().catalog.read() as session:
        states = session.execute(select(m.Run.state).order_by(m.Run.id)).scalars().all()
        held = session.execute(select(m.TitleLock.owner_run_id)).scalars().all()
    assert states == ["crashed", "running"]
    assert held == [2]
