"""What day it is."""

from __future__ import annotations

from datetime import date

from db.models.base import now


def today() -> date:
    """The day in UTC, as everything in the catalog."""
    return now().date()
