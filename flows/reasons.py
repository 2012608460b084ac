"""Why a deliverable is stale, in words."""

from __future__ import annotations

from collections.abc import Iterable

from db.desired import Reason


def told(reasons: Iterable[Reason]) -> str:
    """``model (separate): 4f5c -> 91ab; ...``, on one line, each reason once."""
    said = (f"{reason.kind} ({reason.stage}): {reason.was} -> {reason.now}" for reason in reasons)
    return "; ".join(dict.fromkeys(said))
