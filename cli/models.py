"""``dubline models``: the separation models of this machine."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.output import print_json, print_table
from dubline.errors import BadInput
from dubline.separation import registry
from dubline.separation.convert import LAYOUTS, convert
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True, epilog="Example: dubline models add mine.safetensors --card mine.yaml")
def models(
    context: typer.Context, as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")
) -> None:
    """List the models: what ships with dubline, what is published elsewhere, and what a studio added."""
    if context.invoked_subcommand:
        return
    root = Settings.load().models_root
    standing, default = registry.standing(root), registry.default_id(root)
    cards = [card.model_copy(update={"default": card.id == default}) for card in registry.list_models(root)]
    if as_json:
        print_json({"models": [card.model_dump(mode="json") | {"weights": standing[card.id]} for card in cards]})
    else:
        names = ("id", "version", "default", "weights", "licence of the weights", "sha256")
        rows = (
            (c.id, c.version, c.default or None, standing[c.id], c.licenses.weights, c.sha256[:12] or None)
            for c in cards
        )
        print_table("separation models", names, rows)


@app.command(epilog="Example: dubline models show default")
def show(model: str, as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """Show a model's card: licences, data, figures, known weaknesses."""
    body = registry.card_of(model, Settings.load().models_root).model_dump(mode="json")
    if as_json:
        print_json(body)
    else:
        print_table(model, ("field", "value"), body.items())


@app.command(epilog="Example: dubline models add mine.safetensors --card mine.yaml")
def add(
    file: Path = typer.Argument(help="The checkpoint (safetensors)."),
    card: str = typer.Option(help="Its card (YAML), or the id of a model that is listed as not shipped."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Register a checkpoint by its hash; nothing is downloaded."""
    if not file.is_file():
        raise BadInput("no such file", str(file), "give the checkpoint's path")
    added = registry.add_model(file, card, Settings.load().models_root)
    if as_json:
        print_json(added.model_dump(mode="json"))
    else:
        typer.echo(f"{added.id} {added.version} {added.sha256}")


@app.command(epilog="Example: dubline models default mine")
def default(model: str, as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> None:
    """Choose what `model: default` means in this studio's orders; deliverables made with another become stale."""
    card = registry.set_default(model, Settings.load().models_root)
    if as_json:
        print_json(card.model_copy(update={"default": True}).model_dump(mode="json"))
    else:
        typer.echo(f"default is {card.id} {card.version} {card.sha256}")


@app.command(
    "convert",
    epilog="Example: dubline models convert checkpoint-multi.ckpt --architecture bandit-v2 --out bandit-v2.safetensors",
)
def convert_checkpoint(
    files: list[Path] = typer.Argument(help="The checkpoint as its authors publish it; for open-unmix one per target."),
    architecture: str = typer.Option(help=f"What it is: {', '.join(sorted(LAYOUTS))}."),
    out: Path = typer.Option(help="The safetensors file to write."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Convert a published PyTorch checkpoint for `dubline models add`; nothing in it is run."""
    digest = convert(files, architecture, out)
    if as_json:
        print_json({"file": str(out), "sha256": digest, "architecture": architecture})
    else:
        typer.echo(f"{out} {digest}")
