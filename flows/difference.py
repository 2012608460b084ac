"""New candidates held against what stood in their places, shown in Prefect and kept in the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prefect.artifacts import create_table_artifact

from db.errors import NotFound
from db.stale import Place
from db.standing import Standing
from flows.artifacts import artifact_key
from flows.languages import Deliverable
from flows.me import Sound
from flows.preflight import Plan
from flows.stored import read_json, recorded
from tasks.context import means
from tasks.difference import difference
from tasks.step import Pending, RunRef


def differences(
    run: RunRef, plan: Plan, stood: Mapping[Place, Standing], sound: Sound, made: Sequence[Deliverable]
) -> list[dict[str, Any]]:
    """One object per candidate that is otherwise than what stood in its place: whose it is, and every change."""
    found = list(_differences(run, plan, stood, sound, made))
    rows = [
        {**{name: one[name] for name in ("language", "spec")}, **change} for one in found for change in one["changes"]
    ]
    if rows:
        slug = plan.order.title.id
        create_table_artifact(
            key=artifact_key("difference", slug), table=rows, description=f"What is otherwise than before in {slug}"
        )
    return found


def _differences(
    run: RunRef, plan: Plan, stood: Mapping[Place, Standing], sound: Sound, made: Sequence[Deliverable]
) -> Iterator[dict[str, Any]]:
    asked = [(item, before, _ask(run, before, sound, item)) for item, before in _overtaken(plan, stood, made)]
    for item, before, pending in asked:
        compared = pending.result() if pending is not None else None
        if compared is not None:
            yield {
                "language": plan.delivered_as(item.language),
                "spec": item.spec.id,
                "container": item.row.container,
                "codec": item.row.codec,
                "before": before.deliverable_id,
                "asset": compared["difference"],
                **read_json(compared["difference"]),
            }


def _overtaken(
    plan: Plan, stood: Mapping[Place, Standing], made: Sequence[Deliverable]
) -> Iterator[tuple[Deliverable, Standing]]:
    for item in made:
        before = stood.get(plan.place(item.row, item.language))
        if before is not None and not item.kept and before.checked != item.checked.result().recipe_key:
            yield item, before


def _ask(run: RunRef, before: Standing, sound: Sound, item: Deliverable) -> Pending | None:
    """The comparison; None where the reports of what stood are no longer kept."""
    try:
        was, left = (recorded(key) for key in (before.checked, before.reported or ""))
    except NotFound:
        return None
    using, then = means(), {"check_before": was["check"], "report_before": left["report"]}
    if not all(using.store.verify(using.catalog.asset(sha256)) for sha256 in then.values()):
        return None
    return difference.submit(
        run, f"{item.language} {item.row.spec}", check=item.checked["check"], report=sound.residual["report"], **then
    )
