"""The board for programs."""

from __future__ import annotations

from fastapi import APIRouter

from dashboards.access import Viewer
from dashboards.board import AskedFor
from dashboards.desk import TheDesk
from db.board import BoardPage, BoardSummary

router = APIRouter(tags=["board"])


@router.get("/board")
def board(desk: TheDesk, person: Viewer, wanted: AskedFor) -> BoardPage:
    """One page of titles with their slots: what is wanted or was made for each language and spec, and its state."""
    return desk.catalog.board(wanted.query)


@router.get("/board/summary")
def summary(desk: TheDesk, person: Viewer) -> BoardSummary:
    """Slots by state, languages, specs, runs at work, slots past their day."""
    return desk.summary.now()
