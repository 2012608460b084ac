"""kill -9 at any instant loses at most the running step."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.usefixtures("prefect_server")

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]


def start(home: Path, *arguments: str, stderr: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*DUBLINE, *arguments], env={**os.environ, "DUBLINE_HOME": str(home)}, stdout=subprocess.PIPE, stderr=stderr
    )


def finish(home: Path, *arguments: str) -> dict[str, object]:
    done = start(home, *arguments)
    out, _ = done.communicate(timeout=600)
    assert done.returncode in (0, 4), arguments
    body: dict[str, object] = json.loads(out)
    return body


def recipes_done_twice(home: Path) -> list[tuple[str, int]]:
    engine = create_engine(f"sqlite:///{home / 'catalog.db'}")
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "select r.stage, count(*) from step s join recipe r on r.key = s.recipe_key"
                " where s.state = 'completed' and not s.cache_hit group by s.recipe_key having count(*) > 1"
            )
        ).all()
    return [(str(stage), int(count)) for stage, count in rows]


def assert_whole(home: Path, out: Path, body: dict[str, object]) -> None:
    """Everything delivered, nothing done twice, store and catalog sound, nothing astray."""
    assert len(body["deliverables"]) == 4  # type: ignore[arg-type]
    assert recipes_done_twice(home) == []
    verified = finish(home, "catalog", "verify", "--json")
    assert verified["sound"] is True
    assert verified["faults"] == []
    assert not [path for path in out.rglob("*") if "partial" in path.name or "publishing" in path.name]
    assert not list((home / "scratch").iterdir())
    assert not list((home / "store" / "incoming").iterdir())


def killed_after(seconds: float, home: Path, order: Path, out: Path) -> bool:
    """Start a run and kill it; whether it was still running."""
    run = start(home, "localize", str(order), "--out", str(out), "--json")
    try:
        run.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGKILL)
        run.wait()
        return True
    finally:
        assert run.stdout is not None
        run.stdout.close()


@pytest.mark.slow
def test_killed_again_and_again_a_title_still_arrives_whole(home: Path, sample: Path, tmp_path: Path) -> None:
    out, order = tmp_path / "out", sample / "order.yaml"
    kills = 0
    for seconds in (6.0, 8.0, 10.0):
        kills += killed_after(seconds, home, order, out)
    assert kills >= 2
    assert_whole(home, out, finish(home, "localize", str(order), "--out", str(out), "--json"))


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        signal.SIGKILL,
    ],
)
def test_a_run_takes_every_process_it_started_with_it(
    number: signal.Signals,
    home: Path,
    sample: Path,
    tmp_path: Path,
    prefect_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PREFECT_API_URL")  # a server of its own
    copy_database(prefect_folder / "prefect.db", home / "prefect" / "prefect.db")
    with (tmp_path / "said").open("wb") as said:
        run = start(home, "localize", str(sample / "order.yaml"), "--out", str(tmp_path / "out"), "--json", stderr=said)
    deadline = time.monotonic() + 120
    while not list((home / "scratch").glob("*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(processes_of(home)) >= 2
    run.send_signal(number)
    run.communicate(timeout=60)
    assert run.returncode == (-9 if number == signal.SIGKILL else 130)
    # A server that is slow to start is said while it starts.
    said_lines = [line for line in (tmp_path / "said").read_text().splitlines() if "has been starting" not in line]
    assert len(said_lines) == (0 if number == signal.SIGKILL else 1)
    deadline = time.monotonic() + 10
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(home) == []
    assert not (tmp_path / "out").exists()


def copy_database(path: Path, copy: Path) -> None:
    """A second start of Prefect's server instead of a first, which creates every table: most of a run's start."""
    copy.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def processes_of(home: Path) -> list[str]:
    """Command lines of the processes that work for this DUBLINE_HOME."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"DUBLINE_HOME={home}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue  # it ended while we looked
    return found


@pytest.fixture(scope="module")
def untouched(sample: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """What a run that nobody disturbs delivers, and the seconds it takes."""
    folder = tmp_path_factory.mktemp("untouched")
    began = time.monotonic()
    finish(folder / "home", "localize", str(sample / "order.yaml"), "--out", str(folder / "out"), "--json")
    return folder / "out", time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_instant_a_title_arrives_whole(
    seed: int, home: Path, sample: Path, tmp_path: Path, untouched: tuple[Path, float]
) -> None:
    out, order = tmp_path / "out", sample / "order.yaml"
    reference, usual = untouched
    killed_after(random.Random(seed).uniform(0.5, usual), home, order, out)
    assert_whole(home, out, finish(home, "localize", str(order), "--out", str(out), "--json"))
    for path in reference.rglob("*"):
        if path.is_file():
            assert (out / path.relative_to(reference)).read_bytes() == path.read_bytes()
