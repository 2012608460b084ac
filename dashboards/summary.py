"""The board in figures, counted when something has changed and not before."""

from __future__ import annotations

from dashboards.clock import today
from db.board import BoardSummary
from db.catalog import Catalog


class Summary:
    """Keeps the figures until a slot has changed, a run has begun or ended, or a day has passed."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: tuple[object, BoardSummary] = (None, BoardSummary())

    def now(self) -> BoardSummary:
        """The figures of this moment."""
        key = (self._catalog.last_change(), self._catalog.at_work(), today())
        if self._known[0] != key:
            self._known = key, self._catalog.board_summary(today())
        return self._known[1]
