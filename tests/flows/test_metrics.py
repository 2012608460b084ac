"""Figures as Prometheus reads them, of a real catalog and a real Prefect server, and of one that is away."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from db.catalog import Catalog
from db.figures import StudioFigures
from db.recipes import Recipe
from flows.metrics import Source, StudioCollector, of_catalog, of_prefect
from flows.server import free_port
from flows.watch import Studio

Sample = dict[tuple[tuple[str, str], ...], float]

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]


def samples(text: str) -> dict[str, Sample]:
    """Every sample by name and labels."""
    found: dict[str, Sample] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(sorted(one.labels.items()))] = one.value
    return found


def scrape(catalog_url: str, home: Path) -> dict[str, Sample]:
    registry = CollectorRegistry()
    registry.register(StudioCollector(catalog_url, home))
    return samples(generate_latest(registry).decode())


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Of one title: a run that failed for bad input, and one at work with a step made and one failed."""
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    version = catalog.register_title(slug="t", name="T", original_language="en", version_label="v")
    catalog.finish_run(catalog.start_run(version, trigger="user", host="h"), "failed", "no sound", exit_code=3)
    run = catalog.start_run(version, trigger="user", host="h")
    catalog.finish_step(catalog.begin_step(run, Recipe("separate", 1, {}, {})), {}, device="cuda:0", gpu_seconds=1.0)
    catalog.fail_step(catalog.begin_step(run, Recipe("clean", 1, {}, {})), "disk full")
    return catalog


@pytest.fixture
def queued(prefect_server: str) -> Iterator[str]:
    """A pool with a queue in which two runs wait."""

    @flow(name="waits", persist_result=False)
    def waits() -> None:
        """Nobody takes it."""

    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="watched", type="process"))
        queue = client.create_work_queue(name="rush", work_pool_name="watched", priority=1)
        flow_id = client.create_flow(waits)
        deployment = client.create_deployment(
            flow_id=flow_id, name="waits", work_pool_name="watched", work_queue_name=queue.name
        )
        for _ in range(2):
            client.create_flow_run_from_deployment(deployment)
        yield prefect_server
        client.delete_work_pool("watched")


def test_figures_are_of_catalog_and_server(catalog: Catalog, queued: str, tmp_path: Path) -> None:
    found = scrape(str(catalog.url), tmp_path)
    assert found["dubline_catalog_up"] == found["dubline_prefect_up"] == {(): 1.0}
    rush = (("pool", "watched"), ("queue", "rush"))
    assert found["dubline_queue_depth"][rush] == 2
    assert found["dubline_queue_running"][rush] == 0
    assert found["dubline_workers"][(("pool", "watched"),)] == 0
    assert found["dubline_runs"] == {(("state", "failed"),): 1, (("state", "running"),): 1}
    assert found["dubline_failures_total"][(("class", "bad_input"),)] == 1
    assert found["dubline_failures_total"][(("class", "environment"),)] == 0
    assert found["dubline_steps_total"][(("how", "made"), ("step", "separate"))] == 1
    assert found["dubline_steps_total"][(("how", "failed"), ("step", "clean"))] == 1
    assert found["dubline_step_duration_seconds_count"][(("step", "separate"),)] == 1
    assert found["dubline_step_duration_seconds_bucket"][(("le", "+Inf"), ("step", "separate"))] == 1
    assert (("device", "cuda:0"), ("title", "t")) in found["dubline_title_device_seconds"]


def test_a_server_that_is_away_is_said_and_the_catalog_s_figures_go_on(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server.url").write_text(f"http://127.0.0.1:{free_port()}/api")
    monkeypatch.setattr("flows.server.PREFECT_API_URL.value", lambda: None)
    found = scrape(str(catalog.url), tmp_path)
    assert found["dubline_prefect_up"] == {(): 0.0}
    assert found["dubline_titles"] == {(): 1.0}
    away = scrape("postgresql://nobody@127.0.0.1:1/catalog", tmp_path)
    assert away == {"dubline_catalog_up": {(): 0.0}, "dubline_prefect_up": {(): 0.0}}


def test_who_does_not_answer_keeps_nobody_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        source = Source("it", lambda: httpx.get(url, timeout=3.0).status_code)
        for most in (1.0, 0.1):  # the second time it is not even asked: the first question is still open
            began = time.monotonic()
            assert source.answer(0.2) is None
            assert time.monotonic() - began < most


def test_the_dashboard_asks_for_figures_that_are_served() -> None:
    board = (Path(__file__).parents[2] / "docker" / "grafana" / "dubline.json").read_text()
    asked = {re.sub("_(total|bucket|sum|count)$", "", name) for name in re.findall(r"dubline_\w+", board)}
    nothing = StudioFigures(0, {}, {}, {}, {}, 0, 0, [])
    families = [*of_catalog(nothing), *of_prefect(Studio([], {}))]
    assert json.loads(board)["panels"]
    assert asked <= {one.name for one in families} | {"dubline_catalog_up", "dubline_prefect_up"}


@pytest.mark.slow
def test_the_command_serves_until_it_is_interrupted(home: Path, tmp_path: Path) -> None:
    port = free_port()
    serving = subprocess.Popen([*DUBLINE, "metrics", "--port", str(port)], stderr=subprocess.PIPE, text=True)
    assert serving.stderr is not None
    assert str(port) in serving.stderr.readline()
    found = samples(httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text)
    assert found["dubline_catalog_up"] == {(): 1.0}
    serving.terminate()
    assert serving.wait(30) == 0
