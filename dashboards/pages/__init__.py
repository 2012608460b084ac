"""Pages for people: one file per page, each with its ``router``."""

from __future__ import annotations

from dashboards.pages import audit, board, compare, deliverables, entry, lineage, people, reports, title

PAGE_ROUTERS = (
    entry.router,
    board.router,
    title.router,
    compare.router,
    deliverables.router,
    lineage.router,
    reports.router,
    people.router,
    audit.router,
)
