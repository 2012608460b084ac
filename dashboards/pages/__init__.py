"""Pages for people: one file per page, each with its ``router``."""

from __future__ import annotations

from dashboards.pages import entry, title

PAGE_ROUTERS = (entry.router, title.router)
