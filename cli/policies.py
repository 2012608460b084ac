"""``dubline policies``: what happens to each kind of vocalization."""

from __future__ import annotations

import typer

from cli.output import print_json, print_table
from dubline.vocalization import policies as library
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline policies netflix")
def policies(
    policy: str | None = typer.Argument(None, help="Show this policy whole."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """List the disposition policies, or show one: what stays, what goes to OPT, what to the DX guide."""
    added = Settings.load().policies_root
    if policy:
        found = library.get(policy, added)
        if as_json:
            print_json(found.body())
        else:
            title = f"{found.id}@{found.version}: {found.name} ({found.source})"
            rules = ((rule.label, rule.limits or None, rule.disposition, rule.basis, rule.note) for rule in found.rules)
            print_table(title, ("label", "where", "disposition", "basis", "note"), rules)
        return
    known, standing = library.list_policies(added), library.standing(added)
    if as_json:
        print_json({"policies": [one.model_dump(mode="json") | {"standing": standing[one.id]} for one in known]})
    else:
        rows = ((one.id, one.version, "yes" if one.verified else "no", standing[one.id], one.name) for one in known)
        print_table("disposition policies", ("id", "version", "verified", "standing", "name"), rows)
