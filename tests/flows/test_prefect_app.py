"""What is mended of Prefect's server: transactions on SQLite that read and then write, runs by a schedule, leases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.schedules import CronSchedule
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from flows.prefect_app import begin_as_writer
from flows.server import command, free_port, studio_environment, wait_for
from flows.supervisor import Piece

Begin = Callable[[AioSqliteConfiguration, AsyncSession], AbstractAsyncContextManager[AsyncSessionTransaction]]
COUNTING = 8


async def counted(path: Path, begin: Begin) -> int:
    """Several who each read a number, think, and write the next one; what it is in the end."""
    configuration = AioSqliteConfiguration(connection_url=f"sqlite+aiosqlite:///{path}")
    engine = await configuration.engine()

    async def count() -> None:
        async with await configuration.session(engine) as session, begin(configuration, session):
            number = (await session.execute(text("select n from counter"))).scalar_one()
            await asyncio.sleep(0.02)
            await session.execute(text("update counter set n = :n"), {"n": number + 1})

    async with engine.begin() as connection:
        await connection.execute(text("create table counter (n integer)"))
        await connection.execute(text("insert into counter values (0)"))
    await asyncio.gather(*(count() for _ in range(COUNTING)))
    async with engine.connect() as connection:
        return int((await connection.execute(text("select n from counter"))).scalar_one())


def test_all_who_count_at_once_are_counted(tmp_path: Path) -> None:
    assert asyncio.run(counted(tmp_path / "prefect.db", begin_as_writer)) == COUNTING


def test_prefect_by_itself_refuses_them(tmp_path: Path) -> None:
    with pytest.raises(OperationalError, match="database is locked"):
        asyncio.run(counted(tmp_path / "prefect.db", AioSqliteConfiguration.begin_transaction))


@flow
def nothing() -> None:
    """What is scheduled."""


def test_a_schedule_makes_runs(prefect_server: str) -> None:
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(nothing),
            name="nightly",
            schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="0 1 * * *", timezone="Europe/Paris"))],
        )
        client.request("POST", "/deployments/{id}/schedule", path_params={"id": deployment}, json={})
        runs = client.read_flow_runs(deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])))
        client.delete_deployment(deployment)
    assert runs
    assert {run.state_name for run in runs} == {"Scheduled"}


@pytest.mark.slow  # the server is started twice
def test_a_server_that_was_killed_knows_who_holds_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = studio_environment(tmp_path, "127.0.0.1", port)
    server = Piece("server", command("127.0.0.1", port), environment, tmp_path / "server.log")
    try:
        wait_for(server.start(), url, server.log)
        with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="titles", limit=1))
            asked = client.increment_concurrency_slots_with_lease(["titles"], 1, "concurrency", 300.0)
            assert server.process is not None
            server.process.kill()
            server.process.wait()
            wait_for(server.start(), url, server.log)
            assert client.renew_concurrency_lease(asked.json()["lease_id"], 300.0).is_success
    finally:
        server.stop()
