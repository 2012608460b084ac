"""Prefect's server and its background services, with two faults mended that Prefect 3.8 has on our databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from prefect.server.api import server
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.server.database.orm_models import FlowRun
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


def create_app() -> FastAPI:
    """Prefect's own application, mended, for uvicorn; without services where PREFECT__SERVER_WEBSERVER_ONLY says so."""
    mend()
    return server.create_app()


def run_services() -> None:
    """Run what `prefect server services start` does, mended, until it is stopped."""
    from prefect.cli._server_utils import _run_all_services  # noqa: PLC0415 (its command line, which only this needs)

    mend()
    asyncio.run(_run_all_services())


def mend() -> None:
    """Mend Prefect in this process.

    On SQLite it begins most transactions as readers. One that comes to write while another has written is refused at
    once ("database is locked"), busy timeout or not, and what it was to say of a run is lost or said again: begun as
    writers, they wait their turn.

    What it writes of a scheduled run names the run's state too, which is no column. SQLAlchemy 2.1 refuses that unless
    it is told to leave it out, and so no schedule would ever make a run.
    """
    AioSqliteConfiguration.begin_transaction = begin_as_writer  # type: ignore[method-assign]
    state: Any = inspect(FlowRun).all_orm_descriptors["state"]
    state.bulk_dml_setter = _leave_out


def _leave_out(entity: type, row: MutableMapping[str, Any], value: Any) -> None:
    """Set nothing in ``row`` for an attribute that is no column."""


@asynccontextmanager
async def begin_as_writer(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """`AioSqliteConfiguration.begin_transaction`, for a transaction that may write."""
    token = SQLITE_BEGIN_MODE.set("IMMEDIATE")
    try:
        async with session.begin() as transaction:
            yield transaction
    finally:
        SQLITE_BEGIN_MODE.reset(token)


if __name__ == "__main__":
    run_services()
