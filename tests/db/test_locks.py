"""One run at a time on a version, whatever dies when."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from db import models as m
from db.errors import DbError, LockLost, TitleBusy
from db.process import Owner
from db.recipes import Recipe
from tests.postgres import Cluster

if TYPE_CHECKING:
    from conftest import Studio

HOLD = """
import sys, time
from db.catalog import Catalog
from db.recipes import Recipe
from tests.postgres import Cluster
catalog = Catalog.open(sys.argv[1])
run = catalog.start_run(int(sys.argv[2]), trigger="user", host="here")
with catalog.title_lock(int(sys.argv[2]), run):
    print(run, catalog.begin_step(run, Recipe("separate", 1, {}, {})), flush=True)
    time.sleep(600)
"""

# Adds 1 to a number in a file, ten times, the way that loses counts when two do it at once.
COUNT = """
import sys, time
from pathlib import Path
from db.catalog import Catalog
catalog, version, path = Catalog.open(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
for _ in range(10):
    run = catalog.start_run(version, trigger="user", host="here")
    with catalog.title_lock(version, run, wait_seconds=60):
        number = int(path.read_text())
        time.sleep(0.01)
        path.write_text(str(number + 1))
    catalog.finish_run(run, "completed")
"""


def locks(studio: Studio) -> list[m.TitleLock]:
    with studio.catalog.read() as session:
        return list(session.execute(select(m.TitleLock)).scalars())


def change_lock(studio: Studio, **values: Any) -> None:
    with studio.catalog.write() as session:
        session.execute(update(m.TitleLock).values(**values))


def states(studio: Studio, run: int) -> tuple[str, list[str]]:
    with studio.catalog.read() as session:
        steps = session.execute(select(m.Step.state).filter_by(run_id=run)).scalars().all()
        return session.get_one(m.Run, run).state, list(steps)


def test_a_live_owner_is_named(studio: Studio) -> None:
    version = studio.version()
    owner, second = studio.run(version), studio.run(version)
    with studio.catalog.title_lock(version, owner):
        with pytest.raises(TitleBusy) as error, studio.catalog.title_lock(version, second):
            pass
        me = Owner.current()
        told = str(error.value)
        assert f"glass-harbor theatrical is being worked on by run {owner} on {me.host}, pid {me.pid}, since " in told
        assert error.value.exit_code == 5
        assert states(studio, owner)[0] == "running"
    with studio.catalog.title_lock(version, second):
        pass
    assert locks(studio) == []


def test_the_lock_is_given_back_when_the_work_fails(studio: Studio) -> None:
    version = studio.version()
    with pytest.raises(ZeroDivisionError), studio.catalog.title_lock(version, studio.run(version)):
        _ = 1 / 0
    assert locks(studio) == []


def test_other_versions_are_free(studio: Studio) -> None:
    one, two = studio.version(label="theatrical"), studio.version(label="director's cut")
    with (
        studio.catalog.title_lock(one, studio.run(one)),
        studio.catalog.title_lock(two, studio.run(two)),
    ):
        assert len(locks(studio)) == 2


def test_processes_that_want_the_same_version_work_one_after_the_other(
    studio: Studio, catalog_url: str, python: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    processes = [python(COUNT, catalog_url, studio.version(), number) for _ in range(2)]
    assert [process.communicate(timeout=100)[1] for process in processes] == ["", ""]
    assert number.read_text() == "20"


@pytest.mark.parametrize("reaped", [True, False])
def test_a_killed_owner_is_replaced_at_once_and_its_run_called_crashed(
    studio: Studio, catalog_url: str, python: Callable[..., subprocess.Popen[str]], reaped: bool
) -> None:
    """Also while its parent has not taken notice of the death: a zombie holds nothing."""
    version = studio.version()
    process = python(HOLD, catalog_url, version)
    assert process.stdout is not None
    dead, _ = map(int, process.stdout.readline().split())
    mine = studio.run(version)
    with (
        pytest.raises(TitleBusy, match=f"run {dead} on .*, pid {process.pid}, "),
        studio.catalog.title_lock(version, mine),
    ):
        pass
    process.send_signal(signal.SIGKILL)
    if reaped:
        process.wait()
    else:
        until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    with studio.catalog.title_lock(version, mine):
        assert states(studio, dead) == ("crashed", ["crashed"])
        assert [lock.owner_run_id for lock in locks(studio)] == [mine]
    assert states(studio, mine)[0] == "running"


def test_a_run_that_died_before_it_had_the_lock_is_called_crashed_too(studio: Studio) -> None:
    version = studio.version()
    lost = studio.run(version)
    with studio.catalog.write() as session:
        session.execute(update(m.Run).values(host=Owner.current().host, process_started="before the last boot"))
    mine = studio.run(version)
    with studio.catalog.write() as session:
        session.execute(update(m.Run).where(m.Run.id == mine).values(host=Owner.current().host))
    with studio.catalog.title_lock(version, mine):
        assert states(studio, lost)[0] == "crashed"
        assert states(studio, mine)[0] == "running"


def test_waiting_gets_the_lock_once_it_is_free(
    studio: Studio, catalog_url: str, python: Callable[..., subprocess.Popen[str]]
) -> None:
    version = studio.version()
    process = python(HOLD, catalog_url, version)
    assert process.stdout is not None
    process.stdout.readline()
    started = time.monotonic()
    with pytest.raises(TitleBusy), studio.catalog.title_lock(version, studio.run(version), wait_seconds=0.6):
        pass
    assert time.monotonic() - started >= 0.6
    process.kill()
    with studio.catalog.title_lock(version, studio.run(version), wait_seconds=30):
        assert len(locks(studio)) == 1


def test_a_live_process_of_this_host_keeps_its_lock_past_the_lease(studio: Studio) -> None:
    """A laptop that slept, or a clock that jumped, takes nothing away from a process that is still there."""
    version = studio.version()
    with studio.catalog.title_lock(version, studio.run(version)):
        change_lock(studio, lease_until=datetime.now(UTC) - timedelta(days=1))
        with pytest.raises(TitleBusy), studio.catalog.title_lock(version, studio.run(version)):
            pass


def test_on_another_host_the_lease_decides(studio: Studio) -> None:
    version = studio.version()
    far, mine = studio.run(version), studio.run(version)
    with studio.catalog.title_lock(version, far) as lock:
        step = studio.catalog.begin_step(far, Recipe("separate", 1, {}, {}))
        change_lock(studio, host="elsewhere", lease_until=datetime.now(UTC) + timedelta(seconds=60))
        with pytest.raises(TitleBusy, match="on elsewhere"), studio.catalog.title_lock(version, mine):
            pass
        change_lock(studio, lease_until=datetime.now(UTC) - timedelta(seconds=1))
        with studio.catalog.title_lock(version, mine, lease_seconds=0.1):
            assert states(studio, far) == ("crashed", ["crashed"])
            with pytest.raises(DbError, match="already crashed"):
                studio.catalog.finish_step(step, {})
        assert not lock.lost  # the next renewal would tell


@pytest.mark.parametrize("place", ["postgresql+s3"], indirect=True)
def test_a_lease_that_ran_out_while_the_server_was_down_is_not_lost(studio: Studio, postgres: Cluster) -> None:
    version = studio.version()
    far, mine = studio.run(version), studio.run(version)
    with studio.catalog.title_lock(version, far):
        change_lock(studio, host="elsewhere", lease_until=datetime.now(UTC) - timedelta(minutes=5))
        postgres.stop()
        postgres.start()
        with pytest.raises(TitleBusy, match="on elsewhere"), studio.catalog.title_lock(version, mine):
            pass


def test_the_lease_is_renewed_while_the_owner_lives(studio: Studio) -> None:
    version = studio.version()
    with studio.catalog.title_lock(version, studio.run(version), lease_seconds=0.3) as lock:
        first = locks(studio)[0].lease_until
        until(lambda: locks(studio)[0].lease_until > first + timedelta(seconds=0.5))
        assert not lock.lost


def test_an_owner_that_lost_its_lock_learns_it_and_leaves_the_new_owner_alone(studio: Studio) -> None:
    version = studio.version()
    first, second = studio.run(version), studio.run(version)
    told: list[LockLost] = []
    with studio.catalog.title_lock(version, first, lease_seconds=0.3, on_lost=told.append) as lock:
        change_lock(studio, owner_run_id=second)
        until(lambda: lock.lost is not None)
    assert "another run has taken it over" in str(told)
    assert [held.owner_run_id for held in locks(studio)] == [second]


@pytest.mark.parametrize("place", ["postgresql+s3"], indirect=True)
def test_a_lock_nobody_could_renew_for_longer_than_its_lease_is_called_lost(
    studio: Studio, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.connection.AWAY_SECONDS", 0.2)
    version, told = studio.version(), list[LockLost]()
    patient = {"lease_seconds": 0.5, "patience_seconds": 0.5, "on_lost": told.append}
    with studio.catalog.title_lock(version, studio.run(version), **patient) as lock:
        postgres.stop()
        stopped = time.monotonic()
        until(lambda: lock.lost is not None)
        assert time.monotonic() - stopped > 0.5
        postgres.start()
        assert told == [lock.lost]
        assert "could not be renewed" in str(told[0])
        assert told[0].exit_code == 5


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
