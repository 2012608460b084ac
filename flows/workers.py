"""The worker processes that take runs out of a pool."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from tasks.settings import Settings

# How often a worker asks for work; a title's start waits as long.
_QUERY_SECONDS = 2

# Nobody watches a worker's run: what may pass is waited for.
_PATIENCE_SECONDS = 300

# Of a request to a server that is away, with doubling pauses from 2 s: four minutes.
_RETRIES = 7

# Prefect's client asks again after 429, 502 and 503. Its server answers 500 while PostgreSQL starts anew.
_ASK_AGAIN_AFTER = "500"

# As `dubline.process.bound_memory` does for a command; a run's process is started by Prefect, not by one.
_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}


def worker_command(
    pool: str, *, name: str | None, limit: int, queues: list[str], healthcheck: bool = False
) -> list[str]:
    """The command line of a worker of ``pool`` that has up to ``limit`` runs at once, of ``queues`` only if any.

    With ``healthcheck`` it says over HTTP whether it still asks for work (PREFECT_WORKER_WEBSERVER_HOST and _PORT).
    """
    return [
        *(sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--type", "process"),
        *("--pool", pool, "--limit", str(limit), "--name", name or f"{socket.gethostname()}-{pool}-{os.getpid()}"),
        *("--no-create-pool-if-not-found", "--install-policy", "never"),
        *(word for queue in queues for word in ("--work-queue", queue)),
        *(["--with-healthcheck"] if healthcheck else []),
    ]


def worker_environment(settings: Settings, url: str, *, limit: int, heartbeat: float) -> dict[str, str]:
    """What a worker and its runs are to know: this process's settings, whole, for they run in another folder.

    The machine's cores are shared out over ``limit`` runs unless DUBLINE_JOBS says otherwise; a run gives a sign of
    life every ``heartbeat`` seconds (Prefect: at least 30).
    """
    ours = {f"DUBLINE_{name.upper()}": _text(value) for name, value in settings.model_dump(exclude_none=True).items()}
    if "patience" not in settings.model_fields_set:
        ours["DUBLINE_PATIENCE"] = str(_PATIENCE_SECONDS)
    if "jobs" not in settings.model_fields_set:
        ours["DUBLINE_JOBS"] = str(max(settings.jobs // limit, 1))
    theirs = {
        # A deployment's command says `python`.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PREFECT_API_URL": url,
        "PREFECT_CLIENT_MAX_RETRIES": str(_RETRIES),
        "PREFECT_CLIENT_RETRY_EXTRA_CODES": _ASK_AGAIN_AFTER,
        "PREFECT_WORKER_QUERY_SECONDS": str(_QUERY_SECONDS),
        # Prefect would answer everybody who reaches the machine.
        "PREFECT_WORKER_WEBSERVER_HOST": os.environ.get("PREFECT_WORKER_WEBSERVER_HOST", "127.0.0.1"),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(round(heartbeat)),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    }
    return {**os.environ, **_MEMORY, **ours, **theirs}


def _text(value: object) -> str:
    return str(value.absolute()) if isinstance(value, Path) else str(value)
