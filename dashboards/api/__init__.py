"""The same for programs: one file per noun, each with its ``router``, under ``/api``."""

from __future__ import annotations

from dashboards.api import audit, board, comparison, deliverables, edits, lineage, live, me, notes, reports, runs, view

API_ROUTERS = (
    me.router,
    live.router,
    board.router,
    deliverables.router,
    runs.router,
    lineage.router,
    reports.router,
    audit.router,
    view.router,
    edits.router,
    notes.router,
    comparison.router,
)
