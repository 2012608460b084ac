"""Pages for people: one file per page, each with its ``router``."""

from __future__ import annotations

from dashboards.pages import board, deliverables, entry, lineage, title

PAGE_ROUTERS = (
    entry.router,
    board.router,
    title.router,
    deliverables.router,
    lineage.router,
)
