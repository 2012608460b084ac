"""An edit made at the desk, and the run asked for there that a real worker makes: that event changes and no other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from prefect.client.orchestration import get_client

from cli.localizing import localize_here
from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db.assets import hash_file
from db.lineage import Node
from flows.deployments import POOLS, default_file, set_up
from flows.submit import follow
from flows.workers import worker_command, worker_environment
from tasks.context import means
from tasks.settings import Settings
from tests.flows.test_reprocess import ORDER

pytestmark = pytest.mark.slow

HEADERS = {"Accept": "application/json"}


def treatments(run_id: int) -> dict[str, dict[str, Any]]:
    """By id, what was decided about each event of a run, and what was done."""
    using = means()
    (cleaned,) = using.catalog.made_in(run_id, ["clean"])
    with using.store.lend(using.catalog.asset(cleaned.outputs["report"])) as path:
        return {one["id"]: one for one in json.loads(path.read_text())["treatments"]}


@contextmanager
def worker(url: str, log: Path) -> Iterator[None]:
    """A worker of the pool cpu, on a server that knows dubline's deployments."""
    set_up(default_file(), zombie_after=540)
    environment = worker_environment(Settings.load(), url, limit=1, heartbeat=30)
    with log.open("wb") as file:
        process = subprocess.Popen(
            worker_command("cpu", name="here", limit=1, queues=[]),
            env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=file,
            stderr=file,
        )
    try:
        yield
    finally:
        process.kill()  # its run is over
        process.wait()
        with get_client(sync_client=True) as client:
            for pool in POOLS:
                client.delete_work_pool(pool)


def test_the_run_asked_for_has_the_edit_and_nothing_else_and_the_lineage_says_who(
    prefect_server: str, sample: Path, home: Path, tmp_path: Path
) -> None:
    order, out = sample / "mine.yaml", tmp_path / "out"
    order.write_text(ORDER.format(slug="glass-harbor", due="2026-12-24"))
    first = localize_here(order, out)
    order.unlink()
    before = treatments(first.run_id)
    event = next(one for one in before.values() if one["disposition"] != "keep")
    catalog = means().catalog
    made = {one.deliverable_id: one for one in catalog.title("glass-harbor").deliverables}

    with TestClient(create_app(ReviewSettings(review_token="let-me-in"), local=True)) as person:
        person.get("/enter?token=let-me-in")
        told = person.get("/api/me").json()

        def ask(address: str, **body: Any) -> Any:
            headers = HEADERS | {"X-CSRF-Token": told["csrf"]}
            asked = person.post(f"/api/{address}", json=body, headers=headers)
            assert asked.is_success, asked.text
            return asked.json()

        (kept, *_) = made
        ask(f"deliverables/{kept}/decision", decision="approved", note="as it must be")
        said = {"do": "change", "event": event["id"], "disposition": "keep", "note": "the baby never speaks"}
        answer = ask("titles/glass-harbor/edits", **said)
        with worker(prefect_server, tmp_path / "worker.log"), get_client(sync_client=True) as client:
            run = client.read_flow_run(UUID(ask("titles/glass-harbor/runs", queue="rush")["flow_run_id"]))
            assert follow(run) == "Completed", (tmp_path / "worker.log").read_text()

    title = catalog.title("glass-harbor")
    run_id = max(one.run_id for one in title.runs)
    after = treatments(run_id)
    assert before.keys() == after.keys()
    assert (after[event["id"]]["disposition"], after[event["id"]]["decided_by"]) == ("keep", told["name"])
    assert after[event["id"]]["reason"] == "the baby never speaks"
    for one in before.keys() - {event["id"]}:
        same = ("start_seconds", "end_seconds", "label", "disposition", "decided_by", "edited")
        assert [before[one][name] for name in same] == [after[one][name] for name in same]

    stale = answer["stale"]["stages"]
    steps = catalog.made_in(run_id)
    # What does not follow from the cleaning is answered from the catalog, but for the edits themselves, and what holds
    # the new files beside those before them.
    assert {step.stage for step in steps if not step.cached} <= {"edits", "difference", *stale}
    assert not next(step for step in steps if step.stage == "clean").cached
    gone = {one.deliverable_id for one in title.deliverables if one.state == "superseded"}
    assert gone | {kept} == set(answer["stale"]["deliverables"]) == made.keys()

    # What was approved lies where it lay, its candidate beside it; other candidates have given way under their names.
    new = {one.path: one for one in title.deliverables if one.state == "candidate"}
    assert len(new) == len(made)
    assert {number for number, made_before in made.items() if made_before.path not in new} == {kept}
    assert hash_file(Path(made[kept].path)) == made[kept].sha256
    (beside,) = new.keys() - {one.path for one in made.values()}
    assert ".candidate-" in beside

    tree = catalog.lineage(new[beside].sha256, direction="up")
    assert any(told["name"] in json.dumps(node.facts.get("params", {})) for node in edits_in(tree))


def edits_in(tree: Node) -> list[Node]:
    """The steps of a lineage that took in what people said."""
    return [node for node in tree.walk() if node.kind == "step" and node.label.startswith("edits ")]
