"""What a Prefect server is told of dubline, read back from a real one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.schemas.automations import Posture

from db.orders import StoredOrder
from db.stale import DeliveredVersion
from flows.automations import WEBHOOK, automations, set_up_automations, set_up_webhook
from flows.deployments import LOCALIZE, POOLS, QUEUES, REPROCESS, default_file, make_pools, set_up
from flows.localize import localize
from flows.notify import tell_failures
from flows.submit import submit_again
from tests.listener import listening


def test_every_deployment_is_a_flow_in_a_pool_and_queue_that_are_made() -> None:
    listed = yaml.safe_load(default_file().read_text())
    assert listed["pull"] == []  # a worker runs what is installed beside it
    for one in listed["deployments"]:
        module, _, name = one["entrypoint"].rpartition(".")
        assert isinstance(getattr(import_module(module), name), Flow)
        assert one["work_pool"]["name"] in POOLS
        assert one["work_pool"]["work_queue_name"] in QUEUES
        for schedule in one.get("schedules", []):
            assert schedule["timezone"]
    assert LOCALIZE in {f"{localize.name}/{one['name']}" for one in listed["deployments"]}


def test_pools_queues_and_automations_are_made_once_however_often_they_are_set_up(prefect_server: str) -> None:
    with get_client(sync_client=True) as client:
        for zombie_after in (540.0, 120.0):
            make_pools(client)
            set_up_automations(client, zombie_after=zombie_after)
        for pool in POOLS:
            priorities = [client.read_work_queue_by_name(queue, work_pool_name=pool).priority or 0 for queue in QUEUES]
            assert priorities == sorted(priorities)
        for one in automations(120.0):
            (known,) = client.read_automations_by_name(one.name)
            assert known.trigger.posture == Posture.Proactive
            assert known.trigger.within == one.trigger.within
        for pool in POOLS:
            client.delete_work_pool(pool)


def test_silence_is_measured_in_what_was_asked_for_and_titles_alone_are_taken_up_again() -> None:
    silent, unstarted, crashed = automations(300.0)
    assert silent.trigger.within == unstarted.trigger.within == timedelta(seconds=300)
    assert [action.state for one in (silent, unstarted, crashed) for action in one.actions] == [
        StateType.CRASHED,
        StateType.SCHEDULED,
        StateType.SCHEDULED,
    ]
    assert crashed.trigger.match_related != silent.trigger.match_related


DELIVERED = {
    "title": {"name": "Glass Harbor"},
    "deliverables": [
        {"language": "fr-FR", "spec": {"id": "ebu-r128"}, "verdict": "pass", "path": "a.mov", "checks": []},
        {
            "language": "es-419",
            "spec": {"id": "netflix-nearfield"},
            "verdict": "fail",
            "path": "b.mp4",
            "checks": [
                {"name": "true peak", "value": -0.3, "limit": "at most -2", "note": "<loud>", "verdict": "fail"},
                {"name": "length", "value": 1, "limit": "exact", "note": "", "verdict": "pass"},
            ],
        },
    ],
}


def test_the_webhook_is_called_for_what_failed_and_for_nothing_else(prefect_server: str) -> None:
    with listening() as first, listening() as second, get_client(sync_client=True) as client:
        for url in (first.url, second.url):
            set_up_webhook(client, url)
        assert len(client.read_automations_by_name(WEBHOOK)) == 1
        deadline = time.monotonic() + 60
        while not second.got and time.monotonic() < deadline:  # the server takes a moment to see the automation
            tell_failures("glass-harbor", DELIVERED, "https://desk.studio/")
            time.sleep(1.0)
        told = second.got[0]
        assert (told["title"], told["language"], told["spec"]) == ("glass-harbor", "es-419", "netflix-nearfield")
        assert told["failed"] == [{"name": "true peak", "value": -0.3, "limit": "at most -2", "note": "<loud>"}]
        assert told["review"] == "https://desk.studio/titles/glass-harbor"
        assert "true peak -0.3" in told["text"]
        assert {one["language"] for one in second.got} == {"es-419"}
        assert first.got == []
        said = str(client.request("POST", "/automations/filter", json={}).json())
        assert "secret" not in said
        set_up_webhook(client, None)
        set_up_webhook(client, None)
        assert client.read_automations_by_name(WEBHOOK) == []


@pytest.mark.slow
def test_prefect_takes_the_file_of_deployments(prefect_server: str) -> None:
    for _ in range(2):
        set_up(default_file(), zombie_after=540)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(LOCALIZE)
        assert (deployment.work_pool_name, deployment.work_queue_name) == ("cpu", "normal")
        assert client.read_deployment_by_name("separate/separate").work_pool_name == "gpu"
        nightly = client.read_deployment_by_name(REPROCESS)
        assert (nightly.work_queue_name, nightly.parameters) == ("nightly", {"submit": True})
        (schedule,) = nightly.schedules
        assert schedule.active and getattr(schedule.schedule, "timezone", None) == "Europe/Paris"

        version = DeliveredVersion(7, "glass-harbor", "theatrical")
        order = StoredOrder(1, {}, Path("/orders/order.yaml"), Path("/out"), datetime.now(UTC))
        run = submit_again(version, order, keep_approved=True)
        assert run is not None
        assert (run.work_queue_name, run.parameters["version_id"], run.parameters["keep_approved"]) == (
            "nightly",
            7,
            True,
        )
        # What an earlier night handed over and nobody has made yet is not handed over again.
        assert submit_again(version, order, keep_approved=True) is None
        client.delete_flow_run(run.id)
