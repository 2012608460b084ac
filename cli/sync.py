"""``dubline sync``: whether a dub runs with the dialogue it replaces."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import typer

from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from dubline.errors import CheckFailed
from dubline.mixing.sync.check import check_sync

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline sync dub_fr.wav --dialogue dialogue.wav --json")
def sync(
    dub: Path = typer.Argument(help="The dub: an audio file that should begin with the picture."),
    dialogue: Path = typer.Option(help="The original dialogue: a stem, as `dubline separate` writes it."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Find offset and speed of a dub against the original dialogue. Exit 4 if it is known to be out of sync."""
    with ExitStack() as stack:
        files = [stack.enter_context(as_wav(path)) for path in (dub, dialogue)]
        report = check_sync(*files, progress=stack.enter_context(bar("sync")))
    body = report.to_json()
    if as_json:
        print_json(body)
    else:
        print_table(str(dub), ("figure", "value"), body.items())
    return CheckFailed.exit_code if report.in_sync is False else 0
