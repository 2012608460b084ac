"""The same for programs: one file per noun, each with its ``router``, under ``/api``."""

from __future__ import annotations

from dashboards.api import edits, live, me, view

API_ROUTERS = (me.router, live.router, view.router, edits.router)
