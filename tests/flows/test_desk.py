"""An edit made over HTTP, and the run after it: its event changes and no other; what lies before is not made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from cli.localizing import localize_here
from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db.lineage import Node
from tasks.context import means

pytestmark = pytest.mark.slow

HEADERS = {"Accept": "application/json"}


def treatments(run_id: int) -> dict[str, dict[str, Any]]:
    """By id, what was decided about each event of a run, and what was done."""
    using = means()
    (cleaned,) = using.catalog.made_in(run_id, ["clean"])
    with using.store.lend(using.catalog.asset(cleaned.outputs["report"])) as path:
        return {one["id"]: one for one in json.loads(path.read_text())["treatments"]}


def test_the_next_run_has_the_edit_and_nothing_else_and_the_lineage_says_who(
    prefect_server: str, sample: Path, home: Path, tmp_path: Path
) -> None:
    order, out = sample / "order.yaml", tmp_path / "out"
    first = localize_here(order, out)
    before = treatments(first.run_id)
    event = next(one for one in before.values() if one["disposition"] != "keep")

    with TestClient(create_app(ReviewSettings(review_token="let-me-in"), local=True)) as person:
        person.get("/enter?token=let-me-in")
        told = person.get("/api/me").json()
        said = {"do": "change", "event": event["id"], "disposition": "keep", "note": "the baby never speaks"}
        headers = HEADERS | {"X-CSRF-Token": told["csrf"]}
        asked = person.post("/api/titles/glass-harbor/edits", json=said, headers=headers)
        assert asked.status_code == 201
        answer = asked.json()

    second = localize_here(order, out)
    after = treatments(second.run_id)
    assert before.keys() == after.keys()
    assert (after[event["id"]]["disposition"], after[event["id"]]["decided_by"]) == ("keep", told["name"])
    assert after[event["id"]]["reason"] == "the baby never speaks"
    for one in before.keys() - {event["id"]}:
        same = ("start_seconds", "end_seconds", "label", "disposition", "decided_by", "edited")
        assert [before[one][name] for name in same] == [after[one][name] for name in same]

    catalog = means().catalog
    stale = answer["stale"]["stages"]
    steps = catalog.made_in(second.run_id)
    # What does not follow from the cleaning is answered from the catalog, but for the edits themselves, and what holds
    # the new files beside those before them.
    assert {step.stage for step in steps if not step.cached} <= {"edits", "difference", *stale}
    assert not next(step for step in steps if step.stage == "clean").cached
    gone = {one.deliverable_id for one in catalog.title("glass-harbor").deliverables if one.state == "superseded"}
    assert gone == set(answer["stale"]["deliverables"])
    tree = catalog.lineage(second.deliverables[0].sha256, direction="up")
    assert any(told["name"] in json.dumps(node.facts.get("params", {})) for node in edits_in(tree))


def edits_in(tree: Node) -> list[Node]:
    """The steps of a lineage that took in what people said."""
    return [node for node in tree.walk() if node.kind == "step" and node.label.startswith("edits ")]
