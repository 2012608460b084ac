"""``dubline deploy``: tell a Prefect server what dubline needs of it."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.output import print_json
from cli.worker import HEARTBEAT_SECONDS, HEARTBEATS_MISSED
from flows.deployments import POOLS, QUEUES, default_file, set_up
from flows.server import studio_api
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline deploy --file prefect.yaml")
def deploy(
    file: Path | None = typer.Option(None, help="A prefect.yaml; by default the one that comes with dubline."),
    zombie_after: float = typer.Option(
        HEARTBEATS_MISSED * HEARTBEAT_SECONDS,
        min=10,
        help="Seconds of silence that say a run is gone: some of its workers' heartbeats.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Make the work pools, queues, deployments and automations on the Prefect server, or bring them up to date."""
    file = (file or default_file()).absolute()
    settings = Settings.load()
    with studio_api(settings.home / "prefect") as url:
        set_up(file, zombie_after=zombie_after, webhook_url=settings.webhook_url)
    if as_json:
        print_json({"server": url, "file": file, "pools": list(POOLS), "queues": QUEUES})
    else:
        typer.echo(f"{url} knows pools {', '.join(POOLS)} with queues {', '.join(QUEUES)}, and all of {file}")
