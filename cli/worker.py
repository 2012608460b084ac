"""``dubline worker``: take runs out of a pool."""

from __future__ import annotations

import os
import signal

import typer

from flows.server import studio_api
from flows.workers import worker_command, worker_environment
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# Prefect's own pace, and how many missed say that a run is gone.
HEARTBEAT_SECONDS = 180.0
HEARTBEATS_MISSED = 3


@app.command(epilog="Example: dubline worker gpu --queue rush")
def worker(
    pool: str = typer.Argument(metavar="POOL", help="cpu for titles, gpu for separation, or a pool of the studio's."),
    limit: int = typer.Option(1, min=1, help="Runs at once; the cores are shared out over them."),
    name: str | None = typer.Option(None, help="What Prefect calls this worker; host, pool and process by default."),
    queue: list[str] = typer.Option([], help="Only these queues: rush, normal, nightly. All of the pool by default."),
    heartbeat: float = typer.Option(HEARTBEAT_SECONDS, min=30, help="Seconds between a run's signs of life."),
    healthcheck: bool = typer.Option(False, "--healthcheck", help="Say at http://127.0.0.1:8080/health that it works."),
) -> None:
    """Take runs out of POOL and work on them, each in a process of its own, until it is stopped."""
    settings = Settings.load()
    with studio_api(settings.home / "prefect") as url:
        environment = worker_environment(settings, url, limit=limit, heartbeat=heartbeat)
    line = worker_command(pool, name=name, limit=limit, queues=queue, healthcheck=healthcheck)
    # A shell's background job ignores Ctrl-C, which is how Prefect's worker stops itself.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(line[0], line, environment)
