"""The database is shared by many, and its faults are told in a line."""

from __future__ import annotations

import signal
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db import connection as module
from db.catalog import Catalog
from db.connection import Database
from db.errors import DbError
from tests.postgres import Cluster

on_sqlite = pytest.mark.parametrize("place", ["sqlite+folder"], indirect=True)
on_postgresql = pytest.mark.parametrize("place", ["postgresql+s3"], indirect=True)


def test_threads_write_at_once_and_none_is_refused(catalog: Catalog) -> None:
    def register(index: int) -> int:
        return catalog.register_title(slug=f"t-{index % 10}", name="x", original_language="en", version_label="v")

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(register, range(40)))
    assert len(set(ids)) == 10
    assert len(catalog.titles()) == 10


@on_sqlite
def test_a_sqlite_catalog_is_safe_against_power_cuts_and_enforces_keys(catalog: Catalog) -> None:
    with catalog.read() as session:
        settings = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 30_000}


@on_sqlite
def test_a_reader_does_not_wait_for_a_writer(catalog: Catalog, catalog_url: str) -> None:
    with catalog.write() as session:
        session.execute(
            text("INSERT INTO title (slug, name, kind, created_at) VALUES ('x', 'X', 'film', '2026-01-01')")
        )
        assert Catalog.open(catalog_url).titles() == []


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


def test_a_reader_sees_one_moment(catalog: Catalog) -> None:
    """What others commit between two of its questions does not show."""
    slugs = text("SELECT count(*) FROM title")
    with catalog.read() as session:
        assert session.execute(slugs).scalar() == 0
        catalog.register_title(slug="x", name="X", original_language="en", version_label="v")
        assert session.execute(slugs).scalar() == 0
    assert len(catalog.titles()) == 1


@on_postgresql
def test_a_server_that_comes_back_is_waited_for(catalog: Catalog, postgres: Cluster) -> None:
    """Killed outright, with connections open: the next question waits for the restart."""
    catalog.register_title(slug="kept", name="x", original_language="en", version_label="v")
    postgres.stop(signal.SIGKILL)
    back = threading.Timer(1.5, postgres.start)
    back.start()
    assert [title.slug for title in catalog.titles()] == ["kept"]
    back.join()


@on_postgresql
def test_a_process_keeps_few_connections_to_a_server_it_shares(catalog: Catalog) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: catalog.titles(), range(64)))
    with catalog.read() as session:
        held = session.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        ).scalar()
    assert held is not None
    assert held <= 3


@on_postgresql
def test_the_server_says_what_it_is(catalog: Catalog) -> None:
    assert catalog.server().startswith("PostgreSQL 1")


def test_a_mistake_in_our_own_sql_is_no_fault_of_the_database(catalog: Catalog) -> None:
    assert isinstance(catalog, Database)
    with pytest.raises(Exception, match="nonsense") as error, catalog.read() as session:
        session.execute(text("SELECT nonsense FROM title"))
    assert not isinstance(error.value, DbError)
