"""What an order would deliver today, found out by walking its flow without running a step."""

from __future__ import annotations

from db.stale import DesiredFile, Place
from flows.languages import Deliverable
from flows.make import make_title
from flows.packing import final_output
from flows.preflight import Plan
from tasks.rehearsal import Rehearsal
from tasks.step import RunRef


def rehearse(plan: Plan, version_id: int) -> dict[Place, DesiredFile]:
    """Every deliverable of the plan as today's steps would make and check it, by its place; nothing is written.

    Raises what the flow would refuse the order with: `BadInput`, `EnvironmentFault` or a `DbError`.
    """
    held = Rehearsal(version_id)
    run = RunRef(0, version_id, plan.order.title.id)
    with held.held():
        made = make_title(run, plan, {})
        return {made.plan.place(item.row, item.language): _desired(held, run, item) for item in made.deliverables}


def _desired(held: Rehearsal, run: RunRef, item: Deliverable) -> DesiredFile:
    made_by, role = final_output(run, item)
    checked = item.checked.result()
    return DesiredFile(held.output(made_by.result().recipe_key, role), held.asked(checked.recipe_key))
