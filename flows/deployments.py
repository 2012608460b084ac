"""What a Prefect server needs to know of dubline: pools, queues by priority, deployments, automations."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.settings import PREFECT_API_URL
from prefect.workers.process import ProcessWorker

from dubline.errors import EnvironmentFault
from flows.automations import set_up_automations, set_up_webhook

POOLS = {"cpu": "titles: everything but separation", "gpu": "separation: one run per worker at a time"}

# By priority, the most urgent first: within a pool a lower queue waits until those above it are empty.
QUEUES = ("rush", "normal", "nightly")
NORMAL, NIGHTLY = "normal", "nightly"

# The deployment that `dubline submit` runs, as flow and name.
LOCALIZE = "localize/localize"
# And the one that its schedule runs.
REPROCESS = "reprocess/reprocess"

_DEPLOY_SECONDS = 300


def default_file() -> Path:
    """``prefect.yaml`` beside the packages: of the checkout that is installed, or of the image."""
    return Path(__file__).parents[1] / "prefect.yaml"


def set_up(file: Path, *, zombie_after: float, webhook_url: str | None = None) -> None:
    """Make pools, queues, deployments and automations, or bring them up to date; what a studio added stays.

    A run unheard of for ``zombie_after`` seconds is called crashed; ``webhook_url`` is called when a delivery check
    fails. Raises `EnvironmentFault` when the server refuses.
    """
    with get_client(sync_client=True) as client:
        make_pools(client)
        set_up_automations(client, zombie_after=zombie_after)
        set_up_webhook(client, webhook_url)
    _deploy(file)


def make_pools(client: SyncPrefectClient) -> None:
    """Make the pools and their queues; those that are there stay as they are."""
    for pool, description in POOLS.items():
        _make_pool(client, pool, description)


def _make_pool(client: SyncPrefectClient, name: str, description: str) -> None:
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(
            WorkPoolCreate(name=name, type="process", description=description, base_job_template=template)
        )
    for priority, queue in enumerate(QUEUES, start=1):
        with suppress(ObjectAlreadyExists):
            client.create_work_queue(name=queue, work_pool_name=name, priority=priority)


def _deploy(file: Path) -> None:
    """Let Prefect's own command read ``file``, so that it means what Prefect's documentation says."""
    if not file.is_file():
        raise EnvironmentFault("no file of deployments", str(file), "name it with --file")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file.name]
    done = subprocess.run(
        command,
        cwd=file.parent,
        env={**os.environ, "PREFECT_API_URL": str(PREFECT_API_URL.value())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DEPLOY_SECONDS,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise EnvironmentFault(f"prefect deploy: {said[-1] if said else 'no reason given'}", str(file), "correct it")
