"""``dubline catalog``: what is known and kept, and where every byte came from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from cli.context import open_catalog, open_store
from cli.output import bar, print_json, print_table
from db.errors import DbError
from db.lineage import Node
from db.verification import FORGOTTEN, Fault, VerifyReport
from flows.reasons import told
from flows.stale import Incomparable, StaleVersion, find_stale

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
    """List deliverables that today's order, sources, steps, models, specs or tools would make otherwise, and why."""
    compared = list(find_stale())
    found = [one for version in compared if isinstance(version, StaleVersion) for one in version.stale]
    unknown = [one for one in compared if isinstance(one, Incomparable)]
    if as_json:
        print_json({"stale": [asdict(one) for one in found], "not_compared": [asdict(one) for one in unknown]})
        return
    rows = (
        (one.deliverable_id, one.slug, one.version, one.language, one.spec_id, one.state, told(one.reasons))
        for one in found
    )
    print_table("stale deliverables", ("id", "title", "version", "language", "spec", "state", "because"), rows)
    if unknown:
        rest = ((one.slug, one.version, one.why) for one in unknown)
        print_table("\nnot compared", ("title", "version", "because"), rest)


@app.command(epilog="Example: dubline catalog verify --repair")
def verify(
    quick: bool = typer.Option(False, "--quick", help="Look at presence and size; read only what has changed."),
    repair: bool = typer.Option(False, "--repair", help="Restore broken objects from their copies, or forget them."),
    as_json: bool = AS_JSON,
) -> None:
    """Hash every stored object and every source again. Exit 5 if an object is missing or corrupt.

    A repair restores an object from a published file or a source with the same bytes. One that has no such copy is
    forgotten, and made anew by the next run (exit 5 all the same). Runs whose process died are ended. Nothing is
    deleted: a corrupt object is set aside in the store's folder `corrupt`.
    """
    store = open_store()
    with bar("verify") as progress:
        report = open_catalog().verify(store, quick=quick, repair=repair, progress=progress)
    if as_json:
        print_json({**asdict(report), "sound": report.sound})
    else:
        rows = ((fault.problem, fault.path, fault.mended, ", ".join(fault.needed_for)) for fault in report.faults)
        print_table("faults", ("problem", "path", "mended", "needed for"), rows)
        typer.echo(f"{report.checked} files checked, {_size(report.bytes)} in the store")
    if not report.sound:
        raise DbError(_broken(report), store.where, _mend(report.faults))


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


@app.command(epilog="Example: dubline catalog backup /mnt/backup/dubline")
def backup(
    folder: Path = typer.Argument(metavar="DIR", help="Holds any number of backups; objects are kept once."),
    without_bytes: bool = typer.Option(
        False, "--without-bytes", help="The catalog alone, where the store is copied by other means."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Copy the catalog as of now, and the stored objects not yet there. Work may go on meanwhile."""
    with bar("backup") as progress:
        report = open_catalog().back_up(open_store(), folder, with_bytes=not without_bytes, progress=progress)
    if as_json:
        print_json({**asdict(report), "folder": str(folder)})
    else:
        typer.echo(f"{report.name}: {sum(report.rows.values())} rows, {report.copied} objects copied to {folder}")
    if report.missing:
        what = f"{len(report.missing)} objects could not be copied, {report.missing[0]} for one"
        raise DbError(what, open_store().where, "ask `dubline catalog verify`")


@app.command(epilog="Example: dubline catalog restore /mnt/backup/dubline")
def restore(
    folder: Path = typer.Argument(metavar="DIR", help="What `catalog backup` wrote."),
    name: str | None = typer.Option(None, "--name", help="Which backup; without it the newest."),
    as_json: bool = AS_JSON,
) -> None:
    """Bring a backup into an empty catalog, of whatever kind, and its objects into the store."""
    with bar("restore") as progress:
        report = open_catalog().restore(open_store(), folder, name=name, progress=progress)
    if as_json:
        print_json(asdict(report))
    else:
        rows = sum(report.rows.values())
        typer.echo(f"{report.name}: {rows} rows, {report.stored} objects, {report.interrupted} runs ended as crashed")


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
    problems = [fault.problem for fault in report.faults if fault.mended in (None, FORGOTTEN)]
    damaged = problems.count("catalog damaged")
    return f"{problems.count('missing')} objects missing, {problems.count('corrupt')} corrupt" + (
        f", the catalog damaged in {damaged} places" if damaged else ""
    )


def _mend(faults: Iterable[Fault]) -> str:
    if any(fault.problem == "catalog damaged" for fault in faults):
        return "restore the catalog from a backup"
    if any(fault.mended is None for fault in faults if fault.problem in ("missing", "corrupt")):
        return "try `dubline catalog verify --repair`"
    return "run the orders again: what is lost is made anew"


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
