"""The same for programs: one file per noun, each with its ``router``, under ``/api``."""

from __future__ import annotations

from dashboards.api import board, deliverables, edits, lineage, live, me, runs, view

API_ROUTERS = (
    me.router,
    live.router,
    board.router,
    deliverables.router,
    runs.router,
    lineage.router,
    view.router,
    edits.router,
)
