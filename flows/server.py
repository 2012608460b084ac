"""Prefect's API: the configured one, one for a single run where none is configured, or a studio's own.

For a single run the process starts a server of its own on a free port, keeps its database beside the catalog (so that
`dubline server` shows every run afterwards), and takes it down with it, even when the process is killed.
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

# A first start creates Prefect's database: 12 s on two busy cores, and over 120 s on two that a dozen processes
# wanted. One that cannot start ends, and is not waited for.
_START_TIMEOUT_SECONDS = 600.0
_SAY_SECONDS = 20.0
_ANSWER_SECONDS = 5.0
# In Prefect's folder: where the server of this machine listens.
_NOTE = "server.url"
_LEASES = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"


@contextmanager
def prefect_api(
    home: Path, *, meanwhile: Callable[[], object] = lambda: None, say: Callable[[str], object] = lambda words: None
) -> Iterator[None]:
    """Use the configured Prefect server, or run one in ``home`` while the context lasts.

    ``meanwhile`` is called once while the server starts, ``say`` with a line now and then when that takes long.
    """
    if PREFECT_API_URL.value():
        meanwhile()
        yield
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "server.log").open("ab") as log:
        server = subprocess.Popen(
            leashed(command("127.0.0.1", port)),
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        meanwhile()
        wait_for(server, url, home / "server.log", say=say)
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


def free_port() -> int:
    """A port of this machine that nobody listens at now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(host: str, port: int) -> list[str]:
    """The command line of a Prefect server; with a fixed port, for at port 0 it never says where it listens."""
    return [
        *(sys.executable, "-m", "uvicorn", "--factory", "flows.prefect_app:create_app"),
        *("--host", host, "--port", str(port), "--log-level", "error", "--lifespan", "on"),
    ]


def services_command() -> list[str]:
    """The command line of a Prefect server's background services."""
    return [sys.executable, "-m", "flows.prefect_app"]


def studio_environment(home: Path, host: str, port: int) -> dict[str, str]:
    """What a server that stays runs with: its history in ``home`` unless Prefect was given a database, its page on."""
    reached = "127.0.0.1" if host == "0.0.0.0" else host
    ours = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_API_URL": "",
        "PREFECT_UI_API_URL": os.environ.get("PREFECT_UI_API_URL", f"http://{reached}:{port}/api"),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
        # Prefect keeps the leases of a deployment's limit in memory. A server that is started again would end every run
        # at work for want of one, and count its place as taken for ever.
        _LEASES: os.environ.get(_LEASES, "prefect.server.concurrency.lease_storage.filesystem"),
    }
    return {**os.environ, **ours}


def note_url(home: Path, host: str, port: int) -> str:
    """Write down where this machine's server is, for `studio_api`; returns its URL."""
    reached = "127.0.0.1" if host == "0.0.0.0" else host
    url = f"http://{reached}:{port}/api"
    home.mkdir(parents=True, exist_ok=True)
    part = home / f".{_NOTE}.{os.getpid()}"
    part.write_text(url, encoding="utf-8")
    part.replace(home / _NOTE)
    return url


def studio_url(home: Path) -> str | None:
    """The configured server, or the one `dubline up` runs on this machine; whether it answers or not."""
    note = home / _NOTE
    return PREFECT_API_URL.value() or (note.read_text(encoding="utf-8") if note.is_file() else None)


@contextmanager
def studio_api(home: Path) -> Iterator[str]:
    """Use the server that `studio_url` names; `EnvironmentFault` when it is silent."""
    url = studio_url(home)
    mend = "run `dubline up`, or set PREFECT_API_URL to a server"
    if url is None:
        raise EnvironmentFault("no Prefect server is known", "PREFECT_API_URL", mend)
    if not answers(str(url)):
        raise EnvironmentFault("the Prefect server does not answer", str(url), mend)
    with temporary_settings({PREFECT_API_URL: url}):
        yield str(url)


def answers(url: str) -> bool:
    """Whether a Prefect server is there."""
    with httpx.Client(timeout=_ANSWER_SECONDS) as client:
        return _answers(client, url)


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


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


def wait_for(
    server: subprocess.Popen[bytes], url: str, log: Path, *, say: Callable[[str], object] = lambda words: None
) -> None:
    """Wait until a server just started answers; `EnvironmentFault` when it ends or takes too long.

    ``say`` is given a line every 20 s.
    """
    began = said = time.monotonic()
    # One client for all questions: making one reads the certificates, 40 ms of the processor that the server starts on.
    with httpx.Client(timeout=_ANSWER_SECONDS) as client:
        while (now := time.monotonic()) - began < _START_TIMEOUT_SECONDS and server.poll() is None:
            if _answers(client, url):
                return
            if now - said > _SAY_SECONDS:
                say(f"the Prefect server has been starting for {now - began:.0f} s ({log})")
                said = now
            time.sleep(0.1)
    raise EnvironmentFault(
        "the Prefect server did not start", str(log), "read that log, or set PREFECT_API_URL to a server"
    )
