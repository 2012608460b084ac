"""``dubline detect``: the human sounds in an M&E."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import typer

from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from cli.whole import whole_file
from dubline.vocalization.detect import detect as detect_events
from dubline.vocalization.events import write_events
from dubline.vocalization.rules import load, standard
from tasks import cancel

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline detect me.wav --dialogue dialogue.wav --out events.parquet")
def detect(
    source: Path = typer.Argument(metavar="IN", help="The M&E: an audio file."),
    out: Path = typer.Option(help="Where to write the events: Parquet, or JSON where the name ends in .json."),
    dialogue: Path | None = typer.Option(None, help="The dialogue stem: context, and heard for voices itself."),
    rules: Path | None = typer.Option(None, help="A YAML file of thresholds and lengths per label; see docs."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List every vocalization in IN, and what in the dialogue stem is no language: when, where, what, how sure."""
    with ExitStack() as stack:
        wav = stack.enter_context(as_wav(source))
        stem = stack.enter_context(as_wav(dialogue)) if dialogue else None
        progress = stack.enter_context(bar("detect"))
        chosen = load(rules) if rules else standard()
        events = detect_events(wav, dialogue=stem, rules=chosen, progress=progress, cancelled=cancel.requested)
        write_events(events, stack.enter_context(whole_file(out)))
    rows = [event.to_json() for event in events]
    if as_json:
        print_json({"events": rows, "path": str(out)})
    else:
        columns = ("start_seconds", "end_seconds", "stem", "channels", "label", "score", "level_db", "id")
        print_table(f"{len(rows)} events in {source}", columns, ([row[c] for c in columns] for row in rows))
