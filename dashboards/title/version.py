"""The version of a title that an address names."""

from __future__ import annotations

from typing import Annotated

from fastapi import HTTPException, Path, Query

from dashboards.desk import Desk
from db.titles import TitleDetail

# As orders allow them; nothing else can be in the catalog.
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

Slug = Annotated[str, Path(pattern=_NAME, description="The title's id, as its order names it.")]
Label = Annotated[str | None, Query(pattern=_NAME, description="Which cut; without it the newest.")]


def find_version(desk: Desk, slug: str, label: str | None) -> TitleDetail:
    """The version of the title ``slug``; 404 for one there is not."""
    found = desk.catalog.title(slug if label is None else f"{slug}/{label}")
    # The catalog also takes a version's number, which is no title's name.
    if found.summary.slug != slug or (label is not None and found.summary.version != label):
        raise HTTPException(404, "The catalog knows no such title.")
    return found
