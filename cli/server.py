"""``dubline server``: a Prefect server that stays."""

from __future__ import annotations

import os

import typer

from flows.server import command, note_url, services_command, studio_environment
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline server --port 4200")
def server(
    host: str = typer.Option("127.0.0.1", help="The address to listen at; no other machine reaches the default one."),
    port: int = typer.Option(4200, min=1, max=65535, help="A free port."),
    no_services: bool = typer.Option(False, "--no-services", help="API and page alone; the services run elsewhere."),
    services: bool = typer.Option(False, "--services", help="The services alone: schedules, automations, late runs."),
) -> None:
    """Run a Prefect server here until it is stopped. Its history is in DUBLINE_HOME/prefect, or in the database that
    PREFECT_API_DATABASE_CONNECTION_URL names. In two halves it needs PostgreSQL and Redis."""
    home = Settings.load().home.absolute() / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    if services:
        line = services_command()
        os.execve(line[0], line, studio_environment(home, host, port))
    if no_services:
        os.environ["PREFECT__SERVER_WEBSERVER_ONLY"] = "1"
    typer.echo(f"Prefect at {note_url(home, host, port).removesuffix('/api')}", err=True)
    line = command(host, port)
    os.execve(line[0], line, studio_environment(home, host, port))
