"""``dubline separate``: a mix into its stems, without server or catalog."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.output import bar, print_json
from cli.sound import as_wav
from cli.whole import whole_folder
from dubline.separation import registry
from dubline.separation.compute import Compute, Precision
from dubline.separation.files import separate_file
from tasks import cancel
from tasks.context import resolve_device
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline separate mix.wav --out stems --json")
def separate(
    source: Path = typer.Argument(metavar="IN", help="An audio file, or a film: its first audio stream is taken."),
    out: Path = typer.Option(help="Folder for dialogue.wav, music.wav, effects.wav and me.wav."),
    model: str = typer.Option("default", help="A model id; see `dubline models`."),
    device: str | None = typer.Option(None, help="auto, cpu, cuda or cuda:N."),
    precision: Precision | None = typer.Option(None, help="Of matrix products on a GPU: float32, tf32 or bf16."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Write the stems at IN's rate, layout and length: dialogue + music + effects = IN, M&E = IN - dialogue."""
    settings = Settings.load()
    network = registry.load(model, settings.models_root, device=resolve_device(device or settings.device))
    with as_wav(source) as wav, whole_folder(out) as folder, bar("separate") as progress:
        made = separate_file(
            wav,
            folder,
            model=network,
            compute=Compute(precision=precision or settings.precision),
            progress=progress,
            cancelled=cancel.requested,
        )
    paths = {stem: str(out / path.name) for stem, path in made.stems.items()}
    if as_json:
        facts = {"model": network.card.id, "sha256": network.card.sha256}
        print_json({**facts, "device": made.device, "fell_back": made.fell_back, **paths})
    else:
        typer.echo("\n".join(paths.values()))
