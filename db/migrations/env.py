"""Alembic's entry: runs on the connection, and inside the transaction, that ``db.schema`` opened."""

from __future__ import annotations

from alembic import context

from db.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=False,  # the caller's transaction holds the whole upgrade, and its lock
)
context.run_migrations()
