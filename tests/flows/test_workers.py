"""A worker's runs know what the command that started it knew."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from flows.workers import worker_command, worker_environment
from tasks.settings import Settings
from tests.listener import listening

URL = "http://127.0.0.1:4200/api"


def environment(limit: int = 1) -> dict[str, str]:
    return worker_environment(Settings.load(), URL, limit=limit, heartbeat=60)


def test_settings_reach_a_run_that_works_in_another_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("DUBLINE_GPU_POOL=farm\nDUBLINE_JOBS=3\nDUBLINE_SPECS_DIR=specs\n")
    monkeypatch.setenv("DUBLINE_HOME", "home")
    given = environment()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    assert (settings.home, settings.gpu_pool, settings.jobs) == (tmp_path / "home", "farm", 3)
    assert settings.specs_root == tmp_path / "specs"


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_titles_at_once_share_the_cores(limit: int, home: Path) -> None:
    assert int(environment(limit)["DUBLINE_JOBS"]) == max((os.cpu_count() or 1) // limit, 1)


def test_a_worker_s_runs_are_patient_unless_told_otherwise(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert float(environment()["DUBLINE_PATIENCE"]) > 60 > Settings.load().patience == 0
    monkeypatch.setenv("DUBLINE_PATIENCE", "7")
    assert float(environment()["DUBLINE_PATIENCE"]) == 7


def test_queues_are_named_only_when_asked_for() -> None:
    all_queues = worker_command("cpu", name="w", limit=2, queues=[])
    some = worker_command("cpu", name="w", limit=2, queues=["rush", "normal"])
    assert "--work-queue" not in all_queues
    assert some[-4:] == ["--work-queue", "rush", "--work-queue", "normal"]


@pytest.mark.slow  # it asks again after seconds
def test_a_run_asks_again_when_the_server_has_lost_its_database(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = "from prefect.client.orchestration import get_client\nwith get_client(sync_client=True) as client:\n"
    ask += "    print(client.request('POST', '/flow_runs/count', json={}).status_code)"
    with listening() as server:
        server.status = 500
        threading.Timer(8.0, setattr, (server, "status", 201)).start()
        url = f"http://127.0.0.1:{server.server_port}/path"
        given = worker_environment(Settings.load(), url, limit=1, heartbeat=60)
        given["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"
        done = subprocess.run([sys.executable, "-c", ask], env=given, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == "201"
