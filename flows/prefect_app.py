"""Prefect's server application, with SQLite transactions that wait for each other instead of failing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prefect.server.api import server
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction


def create_app() -> FastAPI:
    """Prefect's own application, for uvicorn.

    On SQLite Prefect 3.8 begins most transactions as readers. One that comes to write while another has written is
    refused at once ("database is locked"), busy timeout or not, and what it was to say of a run is lost or said again:
    begun as writers, they wait their turn. On PostgreSQL nothing is different.
    """
    AioSqliteConfiguration.begin_transaction = begin_as_writer  # type: ignore[method-assign]
    return server.create_app()


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
