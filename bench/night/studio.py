"""The studio of a night: databases, a Prefect server, deployments and workers, as processes of this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from bench.night.clock import Clock
from flows.server import free_port, wait_for
from flows.supervisor import Piece, stop_all
from tests.postgres import Cluster, cluster

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]
ROOT = Path(__file__).parents[2]

# The shortest that a worker takes, so that a run that is gone is missed soon; and six of them, for what starts slowly.
_HEARTBEAT_SECONDS = 30
_SILENCE_SECONDS = 180
_POLL_SECONDS = 2.0
_LEFT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Databases:
    """Settings that say where catalog and Prefect keep their tables, none for a file each; and their server."""

    environment: Mapping[str, str]
    server: Cluster | None


@dataclass(frozen=True, slots=True)
class Studio:
    """A studio at work: where it keeps things, its processes, and the environment that a command needs to reach it."""

    root: Path
    environment: Mapping[str, str]
    url: str
    server: Piece
    workers: Sequence[Piece]
    databases: Databases
    clock: Clock | None

    @property
    def disk(self) -> Path:
        return disk_of(self.root)

    @property
    def home(self) -> Path:
        return Path(self.environment["DUBLINE_HOME"])

    @property
    def out(self) -> Path:
        return self.disk / "out"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def tend(self) -> None:
        """Start again what has died, as `dubline up` does."""
        for piece in (self.server, *self.workers):
            piece.tend(say)


def say(words: str) -> None:
    """A line of progress, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def disk_of(root: Path) -> Path:
    """What a night keeps lies here, so that it may be a disk of its own."""
    return root / "disk"


@contextmanager
def databases(root: Path, *, sqlite: bool) -> Iterator[Databases]:
    """A PostgreSQL server for catalog and Prefect while the context lasts, or nothing."""
    if sqlite:
        yield Databases({}, None)
        return
    with cluster() as server:
        if server is None:
            raise SystemExit("no PostgreSQL server on this machine: give --sqlite")
        with server.database() as catalog, server.database() as prefect:
            prefects = server.url(prefect).replace("postgresql:", "postgresql+asyncpg:")
            try:
                yield Databases(
                    {
                        "DUBLINE_DATABASE_URL": server.url(catalog),
                        "PREFECT_API_DATABASE_CONNECTION_URL": prefects,
                    },
                    server,
                )
            finally:
                shutil.copyfile(server.log, root / "logs" / "postgres.log")


@contextmanager
def studio(root: Path, databases: Databases, *, workers: Sequence[str], clock: Clock | None = None) -> Iterator[Studio]:
    """Server, deployments and workers (``POOL-NUMBER``), up while the context lasts; this process knows them too."""
    port, home = free_port(), disk_of(root) / "home"
    url = f"http://127.0.0.1:{port}/api"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DUBLINE_", "PREFECT_"))}
    ours = {
        **databases.environment,
        "DUBLINE_HOME": str(home), "DUBLINE_DEVICE": "cpu", "PREFECT_HOME": str(root / "prefect"),
        "DO_NOT_TRACK": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    logs = root / "logs"
    living = {**clean, **ours, **(clock.environment if clock else {})}
    server = Piece("server", [*DUBLINE, "server", "--port", str(port)], living, logs / "server.log")
    pieces = [server]
    try:
        wait_for(server.start(), url, server.log, say=say)
        ours["PREFECT_API_URL"] = url
        deploy = [*DUBLINE, "deploy", "--zombie-after", str(_SILENCE_SECONDS)]
        subprocess.run(deploy, env={**clean, **ours}, cwd=ROOT, check=True, stdout=sys.stderr)
        for name in workers:
            pieces.append(_worker(name, {**living, **ours}, logs))
            pieces[-1].start()
        os.environ.update(ours)
        with temporary_settings({PREFECT_API_URL: url}):
            _wait_for_workers(workers)
            yield Studio(root, {**clean, **ours}, url, server, pieces[1:], databases, clock)
    finally:
        say("stopping workers and server")
        for piece in pieces[1:]:  # all at once, or each would be waited for in turn
            if piece.process is not None and piece.process.poll() is None:
                piece.process.terminate()
        stop_all(pieces)
        _end_what_is_left(home)


def _worker(name: str, environment: Mapping[str, str], logs: Path) -> Piece:
    command = [*DUBLINE, "worker", name.partition("-")[0], "--name", name, "--heartbeat", str(_HEARTBEAT_SECONDS)]
    return Piece(name, command, environment, logs / f"{name}.log")


def _wait_for_workers(names: Sequence[str]) -> None:
    """Until every worker was heard of: a title that finds no GPU worker separates by itself."""
    say(f"waiting for {', '.join(names)}")
    with get_client(sync_client=True) as client:
        pools = {name.partition("-")[0] for name in names}
        while sum(len(client.read_workers_for_work_pool(pool)) for pool in pools) < len(names):
            time.sleep(_POLL_SECONDS)


def heard_of(names: Sequence[str]) -> dict[str, float]:
    """By worker, when the server heard of it last, in seconds since the epoch; empty while it does not answer."""
    try:
        with impatient() as client:
            pools = {name.partition("-")[0] for name in names}
            return {
                worker.name: worker.last_heartbeat_time.timestamp() if worker.last_heartbeat_time else 0.0
                for pool in pools
                for worker in client.read_workers_for_work_pool(pool)
            }
    except httpx.HTTPError:
        return {}


@contextmanager
def impatient() -> Iterator[SyncPrefectClient]:
    """A client of Prefect that raises `httpx.HTTPError` at once when the server is away."""
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": 20.0}) as client,
    ):
        yield client


def processes_of(home: Path) -> list[int]:
    """The processes that work for this DUBLINE_HOME."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended while we looked
            if f"DUBLINE_HOME={home}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def _end_what_is_left(home: Path) -> None:
    """End runs whose worker was killed: nobody else would."""
    until = time.monotonic() + _LEFT_SECONDS
    while (left := set(processes_of(home)) - {os.getpid()}) and time.monotonic() < until:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
