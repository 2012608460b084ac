"""A version's notes as the page has them."""

from __future__ import annotations

from typing import Any

from dashboards.desk import Desk


def note_rows(desk: Desk, version_id: int) -> list[dict[str, Any]]:
    """Notes, the latest first."""
    return [
        {
            "id": one.note_id,
            "who": one.who,
            "at": one.at.isoformat(),
            "text": one.text,
            "at_seconds": one.at_seconds,
            "event": one.event_id,
            "deliverable": one.deliverable_id,
        }
        for one in desk.catalog.notes(version_id)
    ]
