"""``dubline localize``: the whole flow, here."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.localizing import localize_here, show_localized
from flows.refused import DubsRefused

app = typer.Typer(add_completion=False, rich_markup_mode=None)

EXAMPLE = """Example: dubline localize order.yaml --out out --json

An order:

title: {id: glass-harbor, name: Glass Harbor}

master: {path: master.mov, language: en}

dubs: [{language: fr-FR, dialogue: dub_fr.wav}]

deliver: [{spec: ebu-r128, container: mov, codec: pcm_s24le}]
"""


@app.command(epilog=EXAMPLE)
def localize(
    order: Path = typer.Argument(metavar="ORDER", help="The order (YAML)."),
    out: Path = typer.Option(Path("out"), help="Where deliverables appear, in a folder named after the title."),
    wait: float = typer.Option(0.0, min=0, help="Seconds to wait while another run holds the title."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Localize a title. Run it again after a crash: finished steps are answered from the catalog. Exit 4 if a
    deliverable fails its check, 3 if a dub among others cannot be used: those are delivered."""
    try:
        localized = localize_here(order, out, wait_seconds=wait)
    except DubsRefused as refused:
        show_localized(refused.localized, as_json=as_json)
        raise
    return show_localized(localized, as_json=as_json)
