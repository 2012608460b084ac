"""``dubline metrics``: figures of the studio, for Prometheus."""

from __future__ import annotations

import time

import typer
from prometheus_client import CollectorRegistry, start_http_server

from dubline.errors import EnvironmentFault
from flows.metrics import StudioCollector
from flows.supervisor import Stop
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_POLL_SECONDS = 0.5
# The first look adds up all that ever was; the next ones what is new.
_FIRST_SECONDS = 120.0


@app.command(epilog="Example: dubline metrics --port 9464, then scrape http://127.0.0.1:9464/metrics")
def metrics(
    host: str = typer.Option("127.0.0.1", help="The address to listen at; no other machine reaches the default one."),
    port: int = typer.Option(9464, min=1, max=65535, help="A free port."),
) -> None:
    """Serve figures of the catalog and of the Prefect server until stopped: queues, runs, step durations, device
    seconds, failures, bytes. Either may be away: a figure says so, and the others go on."""
    settings, stop = Settings.load(), Stop()
    collector = StudioCollector(settings.catalog_url, settings.home / "prefect")
    collector.catalog.answer(_FIRST_SECONDS)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot listen: {error.strerror}", f"{host}:{port}", "give another --host or --port"
        ) from error
    typer.echo(f"figures at http://{host}:{port}/metrics", err=True)
    try:
        while not stop.asked:
            time.sleep(_POLL_SECONDS)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
