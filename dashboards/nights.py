"""The span a report is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import HTTPException, Query

from dashboards.clock import today

# A night's run starts in the evening and must be over by noon.
_NOON = time(12, tzinfo=UTC)
_LONGEST = 366


def span(
    day: Annotated[
        date | None, Query(description="The day on which the span ends at noon, UTC; today by default.")
    ] = None,
    days: Annotated[int, Query(ge=1, le=_LONGEST, description="How many days it is long.")] = 1,
) -> tuple[datetime, datetime]:
    """From noon to noon: one night, or more."""
    last = day or today()
    try:
        until = datetime.combine(last, _NOON)
        return until - timedelta(days=days), until
    except OverflowError as error:
        raise HTTPException(422, "day: there were no titles then.") from error
