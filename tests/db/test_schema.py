"""The schema is what the models say, made once, and never by an older program."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from db.catalog import Catalog
from db.connection import Database
from db.errors import DbError
from db.models import Base
from db.schema import MIGRATIONS

OPEN = """
import sys
from db.catalog import Catalog
print(len(Catalog.open(sys.argv[1]).titles()))
"""


def test_migrations_make_exactly_the_models(catalog: Catalog) -> None:
    with catalog.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_checks_of_the_migrated_tables_are_the_models_checks(url: str, tmp_path: Path) -> None:
    """Alembic does not compare CHECK constraints; the database itself says what it was told."""
    if not url.startswith("sqlite"):
        pytest.skip("SQLite keeps the words of a CHECK as given, PostgreSQL rewrites them")
    Catalog.open(url)
    plain = Database(f"sqlite:///{tmp_path / 'models.db'}")
    Base.metadata.create_all(plain.engine)
    assert checks(tmp_path / "catalog.db") == checks(tmp_path / "models.db")


def checks(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        f"{name}: {line.strip().rstrip(',')}"
        for name, sql in tables
        if name != "alembic_version"
        for line in sql.splitlines()
        if "CHECK" in line
    }


def test_every_table_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    statements = [str(CreateTable(table).compile(dialect=dialect)) for table in Base.metadata.sorted_tables]
    indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes]
    statements += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    together = "\n".join(statements)
    assert together.count("CREATE TABLE") == len(Base.metadata.tables) == 29
    assert "TIMESTAMP WITH TIME ZONE" in together
    assert "JSONB" in together
    names = [constraint.name for table in Base.metadata.sorted_tables for constraint in table.constraints]
    assert all(name is not None and len(str(name)) <= 63 for name in names)


def test_opening_again_changes_nothing(url: str) -> None:
    Catalog.open(url).register_title(slug="kept", name="Kept", original_language=None, version_label="v")
    assert [title.slug for title in Catalog.open(url).titles()] == ["kept"]


def test_many_processes_may_be_the_first_to_open(url: str, python: Callable[..., subprocess.Popen[str]]) -> None:
    answers = [process.communicate(timeout=60) for process in [python(OPEN, url) for _ in range(4)]]
    assert answers == [("0\n", "")] * 4


def test_a_catalog_from_a_newer_program_is_refused(url: str) -> None:
    catalog = Catalog.open(url)
    with catalog.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DbError, match="made by a newer dubline") as error:
        Catalog.open(url)
    assert error.value.exit_code == 5
    assert "9999" in str(error.value)


def test_every_migration_can_be_taken_back(url: str) -> None:
    catalog = Catalog.open(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with catalog.writing() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    catalog.close()
    assert Catalog.open(url).titles() == []
