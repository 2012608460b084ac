"""``dubline catalog``: what is known and kept, and where every byte came from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from cli.context import open_catalog, open_store
from cli.output import bar, print_json, print_table
from db.errors import DbError
from db.lineage import Node
from db.maintenance import VerifyReport
from db.stale import Reason, StageNow
from dubline.errors import BadInput
from dubline.loudness.specs import list_specs
from tasks.context import means
from tasks.step import Step

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask the catalog: what was made, from what, and whether it is sound.",
    epilog="Example: dubline catalog lineage out/glass-harbor/fr-FR/glass-harbor_fr-FR_ebu-r128.mov",
)

AS_JSON = typer.Option(False, "--json", help="Print one JSON object.")
# Two weeks: longer than any order stays open, shorter than a disk takes to fill.
GRACE_DAYS = 14.0
_PIPE_WIDTH = 10_000


@app.command(epilog="Example: dubline catalog titles --json")
def titles(as_json: bool = AS_JSON) -> None:
    """List the versions of every title, with their runs and deliverables."""
    found = open_catalog().titles()
    if as_json:
        print_json({"titles": [asdict(title) for title in found]})
        return
    rows = (
        (t.slug, t.name, t.version, t.original_language, t.runs, t.last_run_state, _counts(t.deliverables))
        for t in found
    )
    print_table("titles", ("title", "name", "version", "language", "runs", "last run", "deliverables"), rows)


@app.command(epilog="Example: dubline catalog title glass-harbor")
def title(
    named: str = typer.Argument(metavar="ID", help="A title's id, TITLE/VERSION, or a version's number."),
    as_json: bool = AS_JSON,
) -> None:
    """Show one title: its cut, runs and deliverables."""
    found = open_catalog().title(named)
    if as_json:
        print_json(asdict(found))
        return
    rate = f"{found.fps[0]}/{found.fps[1]}" if found.fps else None
    facts = {"name": found.summary.name, "language": found.summary.original_language, "eidr": found.eidr}
    cut = {"frames per second": rate, "starts at": found.som_timecode, "frames": found.duration_frames}
    print_table(f"{found.summary.slug} {found.summary.version}", ("fact", "value"), (facts | cut).items())
    runs = ((r.run_id, r.state, _moment(r.started_at), r.executed, r.cached, r.error) for r in found.runs)
    print_table("\nruns", ("id", "state", "started", "executed", "from the catalog", "error"), runs)
    delivered = (
        (d.deliverable_id, d.language, f"{d.spec_id} {d.spec_version}", d.state, d.verdict, d.path)
        for d in found.deliverables
    )
    print_table("\ndeliverables", ("id", "language", "spec", "state", "verdict", "path"), delivered)


@app.command(epilog="Example: dubline catalog lineage out/glass-harbor/fr-FR/glass-harbor_fr-FR_ebu-r128.mov")
def lineage(
    named: str = typer.Argument(
        metavar="ASSET-OR-FILE", help="A deliverable's id, a file, a hash (8 digits or more), a model or a spec."
    ),
    up: bool | None = typer.Option(
        None, "--up/--down", help="To what it came from, or to what came of it; by default up, from a source down."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Show where bytes came from, or what came of them."""
    direction: Literal["up", "down"] | None = None if up is None else ("up" if up else "down")
    root = open_catalog().lineage(named, direction=direction)
    if as_json:
        print_json(root.to_json())
    else:
        # In a pipe every line stays whole, whatever looks for a path in it.
        Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(_tree(root))


@app.command(epilog="Example: dubline catalog stale --json")
def stale(as_json: bool = AS_JSON) -> None:
    """List deliverables that today's sources, steps, models, specs or tools would make differently, and why."""
    specs = {spec.id: str(spec.version) for spec in list_specs(means().settings.specs_root)}
    found = open_catalog().stale(_today, specs_now=specs)
    if as_json:
        print_json({"stale": [asdict(one) for one in found]})
        return
    rows = (
        (one.deliverable_id, one.slug, one.version, one.language, one.spec_id, one.state, _reasons(one.reasons))
        for one in found
    )
    print_table("stale deliverables", ("id", "title", "version", "language", "spec", "state", "because"), rows)


@app.command(epilog="Example: dubline catalog verify")
def verify(as_json: bool = AS_JSON) -> None:
    """Hash every stored object and every source again. Exit 5 if an object is missing or corrupt."""
    store = open_store()
    with bar("verify") as progress:
        report = open_catalog().verify(store, progress=progress)
    if as_json:
        print_json({**asdict(report), "sound": report.sound})
    else:
        print_table("faults", ("problem", "path"), ((fault.problem, fault.path) for fault in report.faults))
        typer.echo(f"{report.checked} files checked, {_size(report.bytes)} in the store")
    if not report.sound:
        raise DbError(_broken(report), str(store.root), "run the orders again: what is lost is made anew")


@app.command(epilog="Example: dubline catalog gc --grace-days 30 --delete")
def gc(
    delete: bool = typer.Option(False, "--delete", help="Free the bytes; without it they are only listed."),
    grace_days: float = typer.Option(GRACE_DAYS, min=0, help="Keep whatever is younger than this."),
    as_json: bool = AS_JSON,
) -> None:
    """Find bytes that no deliverable, latest run or work in hand needs. History stays, also of freed bytes."""
    report = open_catalog().collect_garbage(open_store(), grace=timedelta(days=grace_days), delete_them=delete)
    if as_json:
        print_json(asdict(report))
        return
    print_table("bytes nobody needs", ("path",), ((path,) for path in report.files))
    done = "freed" if report.deleted else "can be freed with --delete"
    typer.echo(f"{_size(report.bytes)} in {len(report.files)} files, {report.steps} empty steps: {done}")


@app.command(epilog="Example: dubline catalog export catalog-2026")
def export(
    folder: Path = typer.Argument(metavar="DIR", help="Where <table>.parquet appears, one file per table."),
    as_json: bool = AS_JSON,
) -> None:
    """Write every table as Parquet."""
    rows = open_catalog().export(folder)
    if as_json:
        print_json({"folder": str(folder), "rows": rows})
    else:
        print_table(str(folder), ("table", "rows"), rows.items())


def _today(stage: str, params: Mapping[str, Any]) -> StageNow | None:
    """What a step with these parameters would be now; None for a step or a model that is no more."""
    if find_spec(f"tasks.{stage}") is None:
        return None
    step: Step = getattr(import_module(f"tasks.{stage}"), stage)
    try:
        recipe = step.recipe({}, params, means())
    except BadInput:
        return None
    return StageNow(recipe.stage_version, frozenset(model["sha256"] for model in recipe.models), recipe.tools)


def _tree(node: Node) -> Tree:
    tree = Tree(_line(node))
    for child in node.children:
        tree.children.append(_tree(child))
    return tree


def _line(node: Node) -> Text:
    line = Text(overflow="fold")
    if node.role and node.role != node.kind:
        line.append(f"{node.role}: ", style="dim")
    line.append(node.label, style="bold" if node.kind in ("deliverable", "step") else "")
    match node.kind:
        case "asset":
            line.append(f"  {node.id[:12]}  {_size(node.facts['bytes'])}", style="dim")
            line.append("  freed" if "collected" in node.facts else "", style="yellow")
        case "step":
            line.append(f"  step {node.id} of run {node.facts['run']}", style="dim")
        case "model":
            line.append(f"  model, {node.facts['licence'] or 'licence unknown'}", style="dim")
        case "spec":
            line.append("  spec", style="dim")
        case "deliverable":
            line.append(f"  {node.facts['state']}  {node.facts['path']}", style="dim")
    return line.append("  (as above)" if node.repeated else "", style="dim")


def _broken(report: VerifyReport) -> str:
    problems = [fault.problem for fault in report.faults]
    return f"{problems.count('missing')} objects missing, {problems.count('corrupt')} corrupt"


def _reasons(reasons: Iterable[Reason]) -> str:
    return "; ".join(f"{reason.stage}: {reason.was} -> {reason.now}" for reason in reasons)


def _counts(states: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "-"


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S}"


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
