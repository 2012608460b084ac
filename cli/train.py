"""``dubline train``: a separation model from scratch, from where a run stopped, or from a trained one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from cli.output import bar, print_json, print_table
from dubline.errors import BadInput
from dubline.separation import registry
from dubline.training.history import Row
from dubline.training.material import Material, from_corpus, from_dnr
from dubline.training.recipe import DEFAULT_ARCHITECTURE, Recipe
from dubline.training.settings import TrainSettings, read_config, settings_of
from dubline.training.trainer import BEST, CARD, LAST, Trainer
from tasks import cancel
from tasks.context import resolve_device
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_COMMAND_LINE = "the command line"


@app.command("train", epilog="Example: dubline train --corpus corpus --out run --minutes 90")
def command(
    out: Path = typer.Option(help="Folder of the run; the same command goes on with what is there."),
    corpus: Path | None = typer.Option(None, help="Folder of recordings with a manifest.csv."),
    dnr: Path | None = typer.Option(None, help="A Divide and Remaster folder: its splits train and val."),
    network: str | None = typer.Option(None, help=f"An architecture; that of --from, else {DEFAULT_ARCHITECTURE}."),
    config: Path | None = typer.Option(None, help="YAML of settings, see docs/training.md."),
    base: str | None = typer.Option(None, "--from", help="A model to fine-tune; see `dubline models`."),
    minutes: float | None = typer.Option(None, min=0.01, help="Time to train, over all resumptions."),
    steps: int | None = typer.Option(None, min=1, help="End after so many steps; the learning rate follows them."),
    patience: int | None = typer.Option(None, min=1, help="End after so many validations without a better one."),
    device: str | None = typer.Option(None, help="auto, cpu, cuda or cuda:N."),
    seed: int | None = typer.Option(None, min=0, help="Another seed gives another model."),
    batch: int | None = typer.Option(None, min=1, help="Mixtures in a step."),
    seconds: float | None = typer.Option(None, min=0.2, help="Length of a mixture."),
    workers: int | None = typer.Option(None, min=0, help="Processes that make mixtures."),
    threads: int | None = typer.Option(None, min=1, help="Threads that learn from them, on a CPU."),
    cache: Path | None = typer.Option(None, help="Where decoded recordings are kept (--corpus)."),
    exclude_source: list[str] = typer.Option([], help="A source_repo to leave out (--corpus); may be repeated."),
    any_license: bool = typer.Option(False, "--any-license", help="Also train on what licenses rule out (--corpus)."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train, and keep the weights that do best on recordings never trained on, with a draft of their card."""
    studio = Settings.load()
    of_network, given = read_config(config) if config else ({}, {})
    named = {
        "minutes": minutes,
        "steps": steps,
        "patience": patience,
        "seed": seed,
        "batch": batch,
        "workers": workers,
        "threads": threads,
        "device": resolve_device(device or given.get("device") or studio.device),
    }
    settings = _settings(given, named, seconds, config)
    recipe = _recipe(network, of_network, base, studio)
    material = _material(
        corpus, dnr, settings, cache or studio.home.absolute() / "corpora", exclude_source, any_license
    )
    trainer = Trainer(out, material=material, settings=settings, recipe=recipe)
    if base is not None:
        typer.echo(f"{trainer.taken} of {trainer.tensors} tensors from {base}", err=True)
    with bar("train") as progress:
        trainer.run(lambda row: _report(row, settings, progress), cancel.requested)
    body = {
        "out": out,
        "architecture": recipe.architecture,
        "device": settings.device,
        "stopped_by": trainer.spent(),
        "steps": trainer.progress.step,
        "minutes": round(trainer.progress.seconds / 60, 2),
        "hours_heard": trainer.hours_heard,
        "si_sdr_improvement": trainer.progress.best,
        "tensors_taken": trainer.taken,
        "tensors": trainer.tensors,
        "left_out_by_license": material.left_out,
        "best": out / BEST,
        "last": out / LAST,
        "card": out / CARD,
        "curves": out / "curves.png",
    }
    if as_json:
        print_json(body)
    else:
        body["left_out_by_license"] = "; ".join(material.left_out) or None
        print_table("trained", ("what", "value"), body.items())


def _settings(
    given: dict[str, Any], named: dict[str, Any], seconds: float | None, config: Path | None
) -> TrainSettings:
    """The settings of the YAML file, changed by what the command line names."""
    merged = {**given, **{name: value for name, value in named.items() if value is not None}}
    if seconds is not None:
        mixtures = given.get("mixtures", {})
        merged["mixtures"] = {**mixtures, "seconds": seconds} if isinstance(mixtures, dict) else mixtures
    return settings_of(merged, str(config or _COMMAND_LINE))


def _recipe(network: str | None, config: dict[str, Any], base: str | None, studio: Settings) -> Recipe:
    if base is None:
        return Recipe(network or DEFAULT_ARCHITECTURE, config)
    model = registry.load(base, studio.models_root, device="cpu")
    return Recipe(network or model.card.architecture, config, model)


def _material(
    corpus: Path | None,
    dnr: Path | None,
    settings: TrainSettings,
    cache: Path,
    exclude: list[str],
    any_license: bool,
) -> Material:
    match corpus, dnr:
        case Path(), None:
            return from_corpus(corpus, cache, settings, exclude=exclude, any_license=any_license)
        case None, Path():
            if exclude or any_license:
                raise BadInput("a data set has no sources to choose from", "--dnr", "leave them out when building it")
            return from_dnr(dnr, settings)
        case _:
            raise typer.BadParameter("give exactly one", param_hint="--corpus or --dnr")


def _report(row: Row, settings: TrainSettings, progress: Any) -> None:
    """The bar of every step, and a line for every validation."""
    if settings.steps is None:
        progress(round(row["seconds"]), round(settings.minutes * 60))
    else:
        progress(round(row["step"]), settings.steps)
    if "si_sdr_improvement p50" in row:
        figures = (f"SI-SDRi {row['si_sdr_improvement p50']:.1f} dB", f"M&E SNR {row['me_snr p50']:.1f} dB")
        said = f"step {row['step']:.0f}, {row['seconds'] / 60:.1f} min: {', '.join(figures)}"
        Console(stderr=True, soft_wrap=True).print(said, markup=False, highlight=False)
