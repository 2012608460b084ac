"""``dubline specs``: the delivery specs."""

from __future__ import annotations

import typer

from cli.output import print_json, print_table
from dubline.loudness import specs as library

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline specs netflix-nearfield")
def specs(
    spec: str | None = typer.Argument(None, help="Show this spec whole."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List the delivery specs, or show one with its limits, source and whether it was verified."""
    if spec:
        body = library.get(spec).model_dump(mode="json")
        if as_json:
            print_json(body)
        else:
            print_table(spec, ("field", "value"), body.items())
        return
    known = library.list_specs()
    if as_json:
        print_json({"specs": [one.model_dump(mode="json") for one in known]})
    else:
        rows = ((one.id, one.version, "yes" if one.verified else "no", one.name) for one in known)
        print_table("delivery specs", ("id", "version", "verified", "name"), rows)
