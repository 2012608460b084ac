"""``dubline demo``: the sample title, built and localized."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.localizing import localize_here, show_localized
from cli.output import say
from flows.server import prefect_api
from samples.build import build
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline demo --out out")
def demo(
    out: Path = typer.Option(Path("out"), help="Where deliverables appear."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Build the one-minute sample film and localize it into two languages for two specs."""
    home = Settings.load().home
    orders: list[Path] = []
    # A server's first start takes as long as building the film: one core each.
    with prefect_api(home / "prefect", meanwhile=lambda: orders.append(build(home / "samples")), say=say):
        return show_localized(localize_here(orders[0], out), as_json=as_json)
