"""``dubline dataset``: build data sets to train and measure with, and report what is in one."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import typer

from cli.output import bar, print_json, print_table
from cli.whole import whole_folder
from dubline.errors import BadInput
from dubline.training.datasets import presets
from dubline.training.datasets import report as dataset_report
from dubline.training.datasets.build import SCENES_VARIANT, Plan
from dubline.training.datasets.build import build as build_plan
from dubline.training.datasets.pages import write_report
from dubline.training.datasets.pools import MIXED
from dubline.training.datasets.presets import Preset, Split
from dubline.training.datasets.sources import Source, from_corpus, from_folders
from tasks import cancel

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)

_SHORTEST_SECONDS = 1.0


@app.callback()
def dataset() -> None:
    """Build and report data sets in the layout of Divide and Remaster v3."""


@app.command("presets", epilog="Example: dubline dataset presets dnr-v3")
def show_presets(
    preset: str | None = typer.Argument(None, help="Show this preset whole."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List the presets, or show one with its tables."""
    if preset:
        body = presets.get(preset).model_dump(mode="json")
        if as_json:
            print_json(body)
        else:
            print_table(preset, ("field", "value"), body.items())
        return
    known = presets.list_presets()
    if as_json:
        print_json({"presets": [one.model_dump(mode="json") for one in known]})
    else:
        print_table("presets", ("id", "version", "name"), ((one.id, one.version, one.name) for one in known))


@app.command(epilog="Example: dubline dataset build --corpus corpus --out data --items 100 --workers 4")
def build(
    out: Path = typer.Option(help="Folder of the data set; what is complete there is left."),
    corpus: Path | None = typer.Option(None, help="Folder of recordings with a manifest.csv."),
    speech: list[str] = typer.Option([], metavar="LANG=DIR", help="Speech of one language; may be repeated."),
    music: list[Path] = typer.Option([], help="Folder of music without voices; may be repeated."),
    effects: list[Path] = typer.Option([], help="Folder of effects without voices; may be repeated."),
    preset: str = typer.Option("dnr-v3", help="A preset, see `dubline dataset presets`, or a YAML file of one."),
    split: str = typer.Option("train", help="train, val, test or all."),
    items: int | None = typer.Option(None, min=1, help="Items per split and variant; the preset's number by default."),
    variant: list[str] = typer.Option([], help="A language, or multi for all at once; may be repeated."),
    seconds: float | None = typer.Option(None, help="Length of an item; the preset's by default."),
    seed: int = typer.Option(42, min=0, help="Another seed gives another data set."),
    workers: int = typer.Option(1, min=1, help="Items made side by side; their bytes do not depend on it."),
    npy: bool = typer.Option(False, "--npy", help="Also write the arrays that Bandit's loader maps."),
    cache: Path | None = typer.Option(None, help="Decoded recordings of the product preset; OUT/.cache by default."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Mix recordings into items of speech, music, effects and mixture. Stopped, it goes on where it was."""
    recipe = presets.get(preset)
    length = recipe.seconds if seconds is None else seconds
    if not length >= _SHORTEST_SECONDS:
        raise BadInput(f"items of {length:g} s are too short", "--seconds", f"give at least {_SHORTEST_SECONDS:g}")
    sources, where = _sources(corpus, speech, music, effects)
    made: dict[str, int] = {}
    counts: dict[str, int] = {}
    for part in _splits(split):
        counts[part] = items or recipe.items[part]
        plan = Plan(
            preset=recipe,
            sources=sources,
            split=part,
            variants=_variants(recipe, variant),
            items=counts[part],
            seconds=length,
            seed=seed,
            out=out,
            where=where,
            corpus=corpus,
            npy=npy,
            cache=cache,
        )
        with bar(f"build {part}") as progress:
            made[part] = build_plan(plan, workers=workers, progress=progress, cancelled=cancel.requested)
    if as_json:
        print_json(
            {
                "out": out,
                "preset": recipe.id,
                "preset_version": recipe.version,
                "seed": seed,
                "seconds": length,
                "variants": _variants(recipe, variant),
                "items": counts,
                "made": made,
            }
        )
    else:
        typer.echo(str(out))


@app.command(epilog="Example: dubline dataset report data --out report")
def report(
    folder: Path = typer.Argument(metavar="DIR", help="A built data set, or a corpus with a manifest.csv."),
    out: Path | None = typer.Option(None, help="Folder for report.md and report.png; DIR/report by default."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Hours, languages, speakers, bandwidth, and loudness against the preset's table, as a page and a picture."""
    found = dataset_report.report(folder)
    target = out or folder / "report"
    with whole_folder(target) as work:
        names = [path.name for path in write_report(found, work)]
    paths = {Path(name).suffix[1:]: target / name for name in names}
    if as_json:
        print_json({**found.to_json(), "paths": paths})
    else:
        print_table(found.title, ("figure", "value"), found.facts.items())
        typer.echo("\n".join(map(str, paths.values())))


def _variants(preset: Preset, named: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(named)) or ((SCENES_VARIANT,) if preset.scenes else (MIXED,))


def _splits(named: str) -> tuple[Split, ...]:
    if named == "all":
        return presets.SPLITS
    for split in get_args(Split):
        if split == named:
            return (split,)
    raise BadInput(f"unknown split '{named}'", "--split", f"use one of {', '.join(presets.SPLITS)}, all")


def _sources(
    corpus: Path | None, speech: list[str], music: list[Path], effects: list[Path]
) -> tuple[tuple[Source, ...], str]:
    """The recordings, and how to call them in an error."""
    if (corpus is None) == (not speech and not music and not effects):
        raise BadInput(
            "recordings are missing or named twice",
            "dataset build",
            "give --corpus, or --speech, --music and --effects",
        )
    if corpus is not None:
        return from_corpus(corpus), str(corpus)
    by_language: dict[str, list[Path]] = {}
    for given in speech:
        language, equals, folder = given.partition("=")
        if not (language and equals and folder):
            raise BadInput(f"'{given}' names no language", "--speech", "write LANG=DIR, as in de=recordings/german")
        by_language.setdefault(language, []).append(Path(folder))
    return from_folders(speech=by_language, music=music, effects=effects), "--speech, --music, --effects"
