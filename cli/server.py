"""``dubline server``: a Prefect server that stays."""

from __future__ import annotations

import os

import typer

from flows.server import command, note_url, studio_environment
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline server --port 4200")
def server(
    host: str = typer.Option("127.0.0.1", help="The address to listen at; no other machine reaches the default one."),
    port: int = typer.Option(4200, min=1, max=65535, help="A free port."),
) -> None:
    """Run a Prefect server here until it is stopped. Its history is in DUBLINE_HOME/prefect, or in the database that
    PREFECT_API_DATABASE_CONNECTION_URL names."""
    home = Settings.load().home.absolute() / "prefect"
    typer.echo(f"Prefect at {note_url(home, host, port).removesuffix('/api')}", err=True)
    line = command(host, port)
    os.execve(line[0], line, studio_environment(home, host, port))
