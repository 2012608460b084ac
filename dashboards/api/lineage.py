"""Lineage for programs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from dashboards.access import Viewer
from dashboards.desk import TheDesk
from dashboards.lineage import Kind, Name, graph, made_with
from db.lineage import Made

router = APIRouter(tags=["lineage"])


class LineageNode(BaseModel):
    """One thing and what it came from; ``repeated`` where its own children stand elsewhere in the tree."""

    kind: str
    id: str
    label: str
    role: str
    facts: dict[str, Any]
    repeated: bool
    children: list[LineageNode]


@router.get("/lineage/{kind}/{name}")
def lineage(kind: Kind, name: Name, desk: TheDesk, person: Viewer) -> LineageNode:
    """The tree from a deliverable or an asset up to its sources; of a model or a spec what it is."""
    return LineageNode.model_validate(graph(desk, kind, name).to_json())


@router.get("/lineage/{kind}/{name}/made")
def made(
    kind: Kind, name: Name, desk: TheDesk, person: Viewer, page: Annotated[int, Query(ge=1, le=100_000)] = 1
) -> list[Made]:
    """A page of the deliverables that it had a part in, latest first."""
    return made_with(desk, kind, name, page)
