"""``dubline specs``: the delivery specs, those that ship and the studio's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from cli.output import print_json, print_table
from dubline.loudness import specs as library
from tasks.settings import Settings


class _ShowById(TyperGroup):
    """An id where a verb is expected is shown: ``dubline specs web``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_ShowById, add_completion=False, rich_markup_mode=None)

AS_JSON = typer.Option(False, "--json", help="Print one JSON object.")


@app.callback(invoke_without_command=True, epilog="Example: dubline specs show netflix-nearfield")
def specs(context: typer.Context, as_json: bool = AS_JSON) -> None:
    """List the delivery specs: what ships with dubline and what the studio wrote; or show, check, schema."""
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@app.command("list", epilog="Example: dubline specs list --json")
def list_specs(as_json: bool = AS_JSON) -> None:
    """List the delivery specs."""
    _list(as_json=as_json)


@app.command(epilog="Example: dubline specs show netflix-nearfield")
def show(
    spec: str = typer.Argument(metavar="ID", help="A spec's id."),
    as_json: bool = AS_JSON,
) -> None:
    """Show one spec whole: its limits, where they were read, and whether it was verified."""
    root = Settings.load().specs_root
    found = library.get(spec, root)
    standing = {"standing": library.standing(root)[spec]}
    if as_json:
        print_json(found.model_dump(mode="json") | standing)
        return
    print_table(f"{found.id} version {found.version}", ("field", "value"), _said(found.body() | standing))
    if not found.verified:
        typer.echo("not verified: confirm its figures with the client before you rely on them")


@app.command(epilog="Example: dubline specs check studio-x.yaml")
def check(
    file: Path = typer.Argument(help="A spec file, in the studio's folder or not."),
    as_json: bool = AS_JSON,
) -> None:
    """Say whether FILE is a spec and may join the others; exit 3 and one line where it is not."""
    spec = library.check(file, Settings.load().specs_root)
    # Loaded here: it takes seconds, which list and show need not spend.
    catalog = import_module("cli.context").open_catalog()
    catalog.check_spec(spec.id, str(spec.version), spec.body())
    if as_json:
        print_json({"file": str(file), "id": spec.id, "version": spec.version, "digest": spec.digest()})
    else:
        typer.echo(f"{file}: a sound spec, {spec.id} version {spec.version}")


@app.command(epilog="Example: dubline specs schema > spec.schema.json")
def schema() -> None:
    """Print the JSON schema of a spec file, for editors and validators."""
    print_json(library.schema())


def _list(*, as_json: bool) -> None:
    root = Settings.load().specs_root
    known, standing = library.list_specs(root), library.standing(root)
    if as_json:
        print_json({"specs": [one.model_dump(mode="json") | {"standing": standing[one.id]} for one in known]})
    else:
        rows = ((one.id, one.version, "yes" if one.verified else "no", standing[one.id], one.name) for one in known)
        print_table("delivery specs", ("id", "version", "verified", "from", "name"), rows)


def _said(body: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, object]]:
    """One row per field, those of a part under the part's name."""
    for name, value in body.items():
        match value:
            case Mapping():
                yield from _said(value, f"{within}{name}.")
            case bool():
                yield f"{within}{name}", "yes" if value else "no"
            case list():
                yield f"{within}{name}", "\n".join(value) if name == "sources" else ", ".join(map(str, value))
            case _:
                yield f"{within}{name}", value
