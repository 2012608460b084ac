"""Why a deliverable is stale, in words."""

from __future__ import annotations

from collections.abc import Iterable

from db.desired import Reason


def told(reasons: Iterable[Reason]) -> str:
    """``separate: 3 -> 4; master: ...``, all on one line."""
    return "; ".join(f"{reason.kind} ({reason.stage}): {reason.was} -> {reason.now}" for reason in reasons)
