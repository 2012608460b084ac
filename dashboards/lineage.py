"""The lineage of what the catalog knows by its id; a path is nobody's id."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path

from dashboards.desk import Desk
from db.lineage import Made, Node

Kind = Literal["deliverable", "asset", "model", "spec"]
Name = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$",
        description="A deliverable's number, an asset's SHA-256, a model's or a spec's id (or `ID@VERSION`).",
    ),
]
PAGE = 50


def graph(desk: Desk, kind: Kind, name: str) -> Node:
    """What it is and, of a file, all that it was made from. Raises NotFound."""
    return desk.catalog.lineage_of(kind, name)


def made_with(desk: Desk, kind: Kind, name: str, page: int) -> list[Made]:
    """A page of what it had a part in."""
    return desk.catalog.made_with(kind, name, offset=(page - 1) * PAGE, limit=PAGE)
