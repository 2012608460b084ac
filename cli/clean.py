"""``dubline clean``: events out of an M&E, and what they covered rebuilt."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import typer

from cli.output import bar, print_json
from cli.sound import as_wav
from cli.whole import whole_folder
from dubline.repair.clean import clean as clean_me
from dubline.separation import registry
from dubline.vocalization import policies
from dubline.vocalization.edits import read_edits
from dubline.vocalization.events import read_events
from tasks import cancel
from tasks.context import resolve_device
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline clean me.wav --events events.parquet --out cleaned --policy clean")
def clean(
    me: Path = typer.Argument(metavar="ME", help="The M&E: an audio file."),
    events: Path = typer.Option(help="The events to act on, as `dubline detect` writes them."),
    out: Path = typer.Option(help="Folder for me.wav, optional.wav, dx_guide.wav and report.json."),
    dialogue: Path | None = typer.Option(None, help="The dialogue stem of the same mix; the DX guide takes it in."),
    policy: str = typer.Option("netflix", help="What stays, goes to OPT or to the DX guide; see `dubline policies`."),
    edits: Path | None = typer.Option(None, help="What a person says of the events: YAML or JSON, see docs/clean.md."),
    model: str = typer.Option("default", help="The separator that listens again; see `dubline models`."),
    device: str | None = typer.Option(None, help="auto, cpu, cuda or cuda:N."),
    unfilled: bool = typer.Option(False, "--unfilled", help="Also write me_unfilled.wav, the M&E before filling."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON object."),
) -> None:
    """Write the filled M&E, the optional track and the DX guide; M&E before filling + both = ME + dialogue."""
    settings = Settings.load()
    found, chosen = read_events(events), policies.get(policy, settings.policies_root)
    said = read_edits(edits) if edits is not None else None
    separator = registry.load(model, settings.models_root, device=resolve_device(device or settings.device))
    with ExitStack() as stack:
        wav = stack.enter_context(as_wav(me))
        stem = stack.enter_context(as_wav(dialogue)) if dialogue is not None else None
        folder = stack.enter_context(whole_folder(out))
        progress = stack.enter_context(bar("clean"))
        report = clean_me(
            wav,
            events=found,
            dialogue=stem,
            policy=chosen,
            edits=said,
            network=separator.network,
            out_dir=folder,
            keep_unfilled=unfilled,
            progress=progress,
            cancelled=cancel.requested,
        )
    if as_json:
        print_json(report.to_json())
    else:
        typer.echo("\n".join(str(path) for path in sorted(out.iterdir())))
