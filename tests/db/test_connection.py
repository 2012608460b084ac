"""The database is shared by many, and its faults are told in a line."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db import connection as module
from db.catalog import Catalog
from db.connection import Database
from db.errors import DbError

REGISTER = """
import sys
from db.catalog import Catalog
catalog = Catalog.open(sys.argv[1])
for index in range(25):
    catalog.register_title(slug=f"{sys.argv[2]}-{index}", name="x", original_language="en", version_label="v")
"""

on_sqlite = pytest.mark.skipif("DUBLINE_TEST_POSTGRES" in os.environ, reason="a fact about SQLite")


def test_threads_and_processes_write_at_once_and_none_is_refused(
    catalog: Catalog, url: str, python: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [python(REGISTER, url, name) for name in ("a", "b")]

    def register(index: int) -> int:
        return catalog.register_title(slug=f"t-{index % 10}", name="x", original_language="en", version_label="v")

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(register, range(80)))
    assert [process.communicate(timeout=60)[1] for process in processes] == ["", ""]
    assert len(set(ids)) == 10
    assert len(catalog.titles()) == 10 + 2 * 25


@on_sqlite
def test_a_sqlite_catalog_is_safe_against_power_cuts_and_enforces_keys(catalog: Catalog) -> None:
    with catalog.read() as session:
        settings = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}


@on_sqlite
def test_a_reader_does_not_wait_for_a_writer(catalog: Catalog, url: str) -> None:
    with catalog.write() as session:
        session.execute(
            text("INSERT INTO title (slug, name, kind, created_at) VALUES ('x', 'X', 'film', '2026-01-01')")
        )
        assert Catalog.open(url).titles() == []


@on_sqlite
def test_a_writer_that_never_ends_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.2)
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    catalog = Catalog.open(url)
    other = sqlite3.connect(tmp_path / "catalog.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DbError, match="another process has written for over"):
        catalog.register_title(slug="x", name="X", original_language="en", version_label="v")
    other.close()
    assert catalog.register_title(slug="x", name="X", original_language="en", version_label="v") == 1


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database" * 100)
    with pytest.raises(DbError, match="file is not a database") as error:
        Catalog.open(f"sqlite:///{tmp_path / 'notes.txt'}")
    assert error.value.exit_code == 5


def test_a_catalog_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DbError, match="cannot make the catalog's folder"):
        Catalog.open(f"sqlite:///{tmp_path / 'file' / 'catalog.db'}")


def test_a_catalog_in_memory_is_refused() -> None:
    with pytest.raises(DbError, match="would be forgotten"):
        Catalog.open("sqlite://")


def test_a_folder_in_the_catalogs_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DbError, match="unable to open"):
        Catalog.open(f"sqlite:///{tmp_path}")


@on_sqlite
@pytest.mark.skipif(sys.platform != "linux", reason="page limits are set through a pragma of this connection")
def test_a_full_disk_is_named_and_keeps_what_was_there(url: str) -> None:
    catalog = Catalog.open(url)
    catalog.register_title(slug="kept", name="x", original_language="en", version_label="v")
    with pytest.raises(DbError, match="free space on the catalog's disk"), catalog.write() as session:
        session.execute(text("PRAGMA max_page_count=1"))
        for index in range(1000):
            session.execute(
                text("INSERT INTO title (slug, name, kind, created_at) VALUES (:slug, :slug, 'film', '2026-01-01')"),
                {"slug": f"{index}" * 1000},
            )
    assert [title.slug for title in catalog.titles()] == ["kept"]


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(DbError) as error:
        Catalog.open("postgresql://me:secret@127.0.0.1:1/catalog")
    assert "secret" not in str(error.value)
    assert "127.0.0.1:1" in str(error.value)


def test_a_transaction_is_kept_whole_or_not_at_all(catalog: Catalog) -> None:
    add = text("INSERT INTO title (slug, name, kind, created_at) VALUES ('x', 'X', 'film', '2026-01-01')")
    with pytest.raises(IntegrityError), catalog.write() as session:
        session.execute(add)
        session.execute(add)
    assert catalog.titles() == []


def test_what_a_reader_changes_is_not_kept(catalog: Catalog) -> None:
    with catalog.read() as session:
        session.execute(
            text("INSERT INTO title (slug, name, kind, created_at) VALUES ('x', 'X', 'film', '2026-01-01')")
        )
    assert catalog.titles() == []


def test_a_mistake_in_our_own_sql_is_no_fault_of_the_database(catalog: Catalog) -> None:
    assert isinstance(catalog, Database)
    with pytest.raises(Exception, match="nonsense") as error, catalog.read() as session:
        session.execute(text("SELECT nonsense FROM title"))
    assert not isinstance(error.value, DbError)
