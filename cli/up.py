"""``dubline up``: a small studio's server and workers, in one command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
import typer

from cli.output import say
from cli.worker import HEARTBEAT_SECONDS, HEARTBEATS_MISSED
from dubline.errors import EnvironmentFault
from flows.deployments import default_file
from flows.server import answers, command, note_url, studio_environment, wait_for
from flows.supervisor import Piece, Stop, stop_all, tend
from flows.workers import worker_command, worker_environment
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

HOST = "127.0.0.1"


@app.command(epilog="Example: dubline up --titles 2")
def up(
    port: int = typer.Option(4200, min=1, max=65535, help="Where the Prefect server listens, on this machine only."),
    titles: int = typer.Option(2, min=1, help="Titles worked on at once."),
    gpu_workers: int | None = typer.Option(
        None,
        min=0,
        help="Workers of the pool gpu; one for each GPU by default. Without any, separation runs with its title.",
    ),
    file: Path | None = typer.Option(None, help="A prefect.yaml; by default the one that comes with dubline."),
    heartbeat: float = typer.Option(
        HEARTBEAT_SECONDS, min=30, help="Seconds between a run's signs of life; three missed say that it is gone."
    ),
) -> None:
    """Run server, worker and GPU workers until Ctrl-C; what dies is started again. Hand in orders with `dubline
    submit` from another terminal."""
    settings, stop = Settings.load(), Stop()
    home, logs = settings.home.absolute() / "prefect", settings.home.absolute() / "logs"
    url = f"http://{HOST}:{port}/api"
    if answers(url):
        raise EnvironmentFault("a server is there already", url, "stop it, or give another --port")
    server = Piece("server", command(HOST, port), studio_environment(home, HOST, port), logs / "server.log")
    pieces = [server]
    try:
        wait_for(server.start(), url, server.log, say=say)
        note_url(home, HOST, port)
        _deploy(file or default_file(), url, HEARTBEATS_MISSED * heartbeat)
        pieces += _workers(settings, url, logs, titles=titles, gpu_workers=gpu_workers, heartbeat=heartbeat)
        typer.echo(f"Prefect at {url.removesuffix('/api')}; {', '.join(piece.name for piece in pieces)}", err=True)
        tend(pieces, stop, say)
    finally:
        stop_all(pieces)


def _deploy(file: Path, url: str, zombie_after: float) -> None:
    """In a process of its own, which takes with it what it imported."""
    line = [sys.executable, "-c", "from cli.main import main; main()", "deploy"]
    line += ["--file", str(file), "--zombie-after", str(zombie_after)]
    done = subprocess.run(line, env={**os.environ, "PREFECT_API_URL": url}, check=False)
    if done.returncode:
        raise EnvironmentFault("the deployments could not be made", str(file), "see the line above")


def _workers(
    settings: Settings, url: str, logs: Path, *, titles: int, gpu_workers: int | None, heartbeat: float
) -> Iterator[Piece]:
    environment = worker_environment(settings, url, limit=titles, heartbeat=heartbeat)
    yield Piece("worker-cpu", worker_command("cpu", name=None, limit=titles, queues=[]), environment, logs / "cpu.log")
    gpus = torch.cuda.device_count()
    count = gpus if gpu_workers is None else gpu_workers
    for k in range(count):
        environment = worker_environment(settings, url, limit=1, heartbeat=heartbeat)
        if gpus:
            environment["CUDA_VISIBLE_DEVICES"] = str(k % gpus)
        name = f"worker-gpu-{k}"
        line = worker_command("gpu", name=name, limit=1, queues=[])
        yield Piece(name, line, environment, logs / f"gpu-{k}.log")
