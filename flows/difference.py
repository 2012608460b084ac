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
from tasks.difference import difference
from tasks.step import RunRef


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
    report = sound.residual["report"]
    asked = []
    for item in made:
        before = stood.get(plan.place(item.row, item.language))
        checked = item.checked.result()
        if before is None or item.kept or before.checked == checked.recipe_key or before.reported is None:
            continue
        try:
            was, left = recorded(before.checked), recorded(before.reported)
        except NotFound:
            continue
        asked.append(
            (
                item,
                before,
                difference.submit(
                    run,
                    f"{item.language} {item.row.spec}",
                    check_before=was["check"],
                    check=item.checked["check"],
                    report_before=left["report"],
                    report=report,
                ),
            )
        )
    for item, before, pending in asked:
        compared = pending.result()
        yield {
            "language": plan.delivered_as(item.language),
            "spec": item.spec.id,
            "container": item.row.container,
            "codec": item.row.codec,
            "before": before.deliverable_id,
            "asset": compared["difference"],
            **read_json(compared["difference"]),
        }
