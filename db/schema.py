"""Brings a catalog to the schema this program knows, once, whoever opens it first."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from db.connection import Database
from db.errors import DbError

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number, the same for everyone who migrates: PostgreSQL's advisory lock key.
_ADVISORY_KEY = 5_240_314_159
# Alembic keeps the running upgrade in a global of the process.
_one_at_a_time = threading.Lock()


def migrate(database: Database) -> None:
    """Upgrade the catalog to the newest known revision.

    One write transaction holds check and upgrade together, so of many who open a new catalog one creates it.
    Raises DbError when the catalog comes from a newer program.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    with database.read() as session:
        if revision_of(session.connection()) == head:
            return
    with _one_at_a_time, database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})
        current = revision_of(connection)
        if current == head:
            return
        if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
            raise DbError(
                f"the catalog was made by a newer dubline (its revision is {current})",
                database.where,
                "use that dubline or a later one, or another catalog",
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision_of(connection: Connection) -> str | None:
    """The schema that a catalog has; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()
