"""``dubline clean``: events out of an M&E, and what they covered rebuilt."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.output import bar, print_json
from cli.sound import as_wav
from cli.whole import whole_folder
from dubline.repair.clean import clean as clean_me
from dubline.vocalization import policies
from dubline.vocalization.edits import read_edits
from dubline.vocalization.events import read_events
from tasks import cancel
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline clean me.wav --events events.parquet --out cleaned --policy clean")
def clean(
    me: Path = typer.Argument(metavar="ME", help="The M&E: an audio file."),
    events: Path = typer.Option(help="The events to act on, as `dubline detect` writes them."),
    out: Path = typer.Option(help="Folder for me.wav, optional.wav, dx_guide.wav and report.json."),
    policy: str = typer.Option("netflix", help="What stays, goes to OPT or to the DX guide; see `dubline policies`."),
    edits: Path | None = typer.Option(None, help="What a person says of the events: YAML or JSON, see docs/clean.md."),
    unfilled: bool = typer.Option(False, "--unfilled", help="Also write me_unfilled.wav, the M&E before filling."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON object."),
) -> None:
    """Write the filled M&E, the optional track and the DX guide; M&E before filling + both = ME."""
    found, chosen = read_events(events), policies.get(policy, Settings.load().policies_root)
    said = read_edits(edits) if edits is not None else None
    with as_wav(me) as wav, whole_folder(out) as folder, bar("clean") as progress:
        report = clean_me(
            wav,
            events=found,
            dialogue=None,
            policy=chosen,
            edits=said,
            out_dir=folder,
            keep_unfilled=unfilled,
            progress=progress,
            cancelled=cancel.requested,
        )
    if as_json:
        print_json(report.to_json())
    else:
        typer.echo("\n".join(str(path) for path in sorted(out.iterdir())))
