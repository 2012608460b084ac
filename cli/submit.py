"""``dubline submit``: the whole flow, on the studio's workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cli.output import print_json
from dubline.errors import CheckFailed
from flows.deployments import NORMAL, QUEUES
from flows.preflight import preflight
from flows.server import studio_api
from flows.submit import delivered_by, follow, submit_order
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _queue(name: str) -> str:
    if name not in QUEUES:
        raise typer.BadParameter(f"'{name}' is not one of {', '.join(QUEUES)}")
    return name


@app.command(epilog="Example: dubline submit order.yaml --out /mnt/deliveries --queue rush --follow")
def submit(
    order: Path = typer.Argument(metavar="ORDER", help="The order (YAML), on a path that the workers see too."),
    out: Path = typer.Option(Path("out"), help="Where deliverables appear, in a folder named after the title."),
    queue: str = typer.Option(NORMAL, callback=_queue, help="rush, normal or nightly."),
    wait: float = typer.Option(3600.0, min=0, help="Seconds the run waits while another holds the title."),
    following: bool = typer.Option(False, "--follow", help="Stay until the run has ended, and exit as it did."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Hand an order to the workers of the pool cpu. A wrong order is refused here, before anybody is asked. With
    --follow exit 4 if a deliverable fails its check."""
    settings = Settings.load()
    plan = preflight(order.absolute(), out.absolute(), settings)
    with studio_api(settings.home / "prefect"):
        submitted = submit_order(plan, queue=queue, wait_seconds=wait)
        body: dict[str, Any] = {
            "title": plan.order.title.id,
            "flow_run_id": submitted.id,
            "flow_run": submitted.name,
            "queue": queue,
        }
        if not as_json:
            typer.echo(f"{plan.order.title.id} is in queue {queue} as {submitted.name} ({submitted.id})")
        if following:
            state = follow(submitted)
            delivered = delivered_by(submitted)
            body |= {"state": state, "deliverables": delivered}
            if not as_json:
                typer.echo("\n".join([state, *(f"{one['verdict']:9} {one['file']}" for one in delivered)]))
        if as_json:
            print_json(body)
    failed = any(one["verdict"] == "fail" for one in body.get("deliverables", []))
    return CheckFailed.exit_code if failed else 0
