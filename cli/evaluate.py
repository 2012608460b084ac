"""``dubline evaluate``: how well models separate what they have never heard, beside the mix and the oracles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cli.output import bar, print_json, print_table
from cli.whole import whole_folder
from dubline.errors import BadInput
from dubline.separation import registry
from dubline.training.corpus import open_corpus
from dubline.training.datasets.presets import Split
from dubline.training.evaluation.items import ITEMS, SECONDS, SEED, ItemSet, corpus_sets, dnr_set, folder_set
from dubline.training.evaluation.report import COLUMNS, write_report
from dubline.training.evaluation.scores import MIX, System, evaluate, mix_system, model_system, oracle_systems
from tasks import cancel
from tasks.context import resolve_device
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# The model that takes nothing out of the mix.
_IDENTITY = "identity"
_SHORTEST_SECONDS = 1.0


@app.command("evaluate", epilog="Example: dubline evaluate --corpus corpus --out figures --model default")
def command(
    out: Path = typer.Option(help="Folder for items.parquet, summary.json, report.md and the pictures."),
    model: list[str] = typer.Option(["default"], help="A model id, or identity for the mix itself; may be repeated."),
    corpus: Path | None = typer.Option(None, help="Recordings with a manifest.csv: mixtures of those held out."),
    dnr: Path | None = typer.Option(None, help="A Divide and Remaster folder: its items."),
    items: Path | None = typer.Option(None, help="A folder of ID/dialogue.wav, ID/music.wav and ID/effects.wav."),
    items_count: int | None = typer.Option(None, min=1, help=f"At most so many items; {ITEMS} with --corpus."),
    seconds: float = typer.Option(SECONDS, help="Length of a mixture (--corpus)."),
    seed: int = typer.Option(SEED, min=0, help="Another seed gives other mixtures (--corpus)."),
    split: Split = typer.Option("test", help="The split of --dnr."),
    cache: Path | None = typer.Option(None, help="Where decoded recordings are kept (--corpus)."),
    oracles: bool = typer.Option(True, help="Ideal masks on the same items."),
    device: str | None = typer.Option(None, help="auto, cpu, cuda or cuda:N."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Measure separation: per item, and median, percentiles and mean by level, language, layout and kind of sound."""
    if not seconds >= _SHORTEST_SECONDS:
        raise BadInput(f"mixtures of {seconds:g} s are too short", "--seconds", f"give at least {_SHORTEST_SECONDS:g}")
    settings = Settings.load()
    systems = _systems(model, settings, device) + (oracle_systems() if oracles else [])
    facts: dict[str, Any] = {}
    match corpus, dnr, items:
        case Path(), None, None:
            kept = cache or settings.home.absolute() / "corpora"
            sets = _mixtures(corpus, kept, items_count or ITEMS, seconds, seed)
            facts = {"corpus": corpus.name, "manifest": registry.sha256_of(corpus / "manifest.csv")[:12]}
            facts |= {"items": items_count or ITEMS, "seconds": seconds, "seed": seed}
        case None, Path(), None:
            facts = {"dnr": dnr.name, "split": split}
            sets = [dnr_set(dnr, split, items=items_count)]
        case None, None, Path():
            facts = {"folder": items.name}
            sets = [folder_set(items, items=items_count)]
        case _:
            raise typer.BadParameter("give exactly one", param_hint="--corpus, --dnr or --items")
    with whole_folder(out) as folder:
        with bar("evaluate") as progress:
            table = evaluate(sets, systems, progress=progress, cancelled=cancel.requested)
        summary = write_report(folder, table, systems, facts)
    if as_json:
        print_json({"out": str(out), **summary})
    else:
        _show(summary)


def _systems(models: list[str], settings: Settings, device: str | None) -> list[System]:
    systems = {}
    for name in dict.fromkeys(models):
        if name in (_IDENTITY, MIX):
            systems[MIX] = mix_system()
            continue
        model = registry.load(name, settings.models_root, device=resolve_device(device or settings.device))
        about = {"version": model.card.version, "sha256": model.card.sha256, "summary": model.card.summary}
        systems[model.card.id] = model_system(model.card.id, model.network, about)
    return list(systems.values())


def _mixtures(folder: Path, cache: Path, count: int, seconds: float, seed: int) -> list[ItemSet]:
    recordings = open_corpus(folder, cache)
    with bar("set levels") as progress:
        return corpus_sets(
            recordings, items=count, seconds=seconds, seed=seed, progress=progress, cancelled=cancel.requested
        )


def _show(summary: dict[str, Any]) -> None:
    """The sets' medians as a table: the report has the rest."""
    rows = [
        (entry["group"], entry["system"], entry["items"], *(_median(entry, figure) for figure in COLUMNS))
        for entry in summary["groups"]
        if entry["by"] == "set"
    ]
    print_table("medians, dB", ("set", "system", "items", *COLUMNS.values()), rows)


def _median(entry: dict[str, Any], figure: str) -> float | None:
    found = entry["figures"].get(figure)
    return found["median"] if found else None
