"""A Prefect API for one run on one machine, where no server is configured.

The process starts a server of its own on a free port, keeps its database beside the catalog (so that
``PREFECT_HOME=$DUBLINE_HOME/prefect prefect server start`` shows every run afterwards), and takes it down with it,
even when the process is killed.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, temporary_settings

from dubline.errors import EnvironmentFault
from dubline.process import leashed

# A first start creates Prefect's database: measured 12 s on two busy cores.
_START_TIMEOUT_SECONDS = 120.0


@contextmanager
def prefect_api(home: Path, *, meanwhile: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Use the configured Prefect server, or run one in ``home`` while the context lasts.

    ``meanwhile`` is called once while the server starts.
    """
    if PREFECT_API_URL.value():
        meanwhile()
        yield
        return
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(
            leashed(_command(port)),
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        meanwhile()
        _wait(server, url, home)
        with temporary_settings({PREFECT_API_URL: url}):
            try:
                yield
            finally:
                # What Prefect still holds of the run's log is sent while there is a server to take it, and of a run
                # that failed above all: else Prefect complains on stderr, where one line is promised.
                APILogHandler().flush()
    finally:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _command(port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"),
        *("--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "--lifespan", "on"),
    ]


def _environment(home: Path) -> dict[str, str]:
    ours = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "PREFECT_API_URL": "",
        # Nobody schedules on a server that lives as long as one run.
        "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    }
    return {**os.environ, **ours}


def _wait(server: subprocess.Popen[bytes], url: str, home: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/health", timeout=2.0).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise EnvironmentFault(
        "the Prefect server did not start",
        str(home / "server.log"),
        "read that log, or set PREFECT_API_URL to a server",
    )
