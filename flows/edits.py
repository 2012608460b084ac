"""What people want done about a title's events: in the order's file, and at the review desk."""

from __future__ import annotations

from flows.preflight import Plan
from flows.take import take
from tasks.context import means
from tasks.edits import edits
from tasks.step import RunRef


def gather_edits(run: RunRef, plan: Plan) -> str | None:
    """The asset of all edits in force; None where nobody said anything."""
    file = plan.order.options.edits
    desk = [edit.said() for edit in means().catalog.edits(run.version_id, standing=True)]
    if file is None and not desk:
        return None
    said = None if file is None else take(run, file, "edits", "edits")
    return edits.submit(run, file=said, desk=desk).result()["edits"]
