"""The way to the database: one engine, short transactions, and errors a person can act on."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Dialect, Engine, Executable, create_engine, event, func, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from db.errors import DbError
from db.models import Base

BUSY_SECONDS = 30.0
# A database that was there and is gone: so long a server takes to restart, or to hand over to another.
AWAY_SECONDS = 120.0
# Enough for every thread of one machine's flow; each holds a connection for milliseconds.
_FILE_POOL = {"pool_size": 8, "max_overflow": 56, "pool_timeout": BUSY_SECONDS}
# A studio's processes share one server, which grants about a hundred connections: two are kept, eight more are lent.
_SERVER_POOL = {"pool_size": 2, "max_overflow": 8, "pool_timeout": BUSY_SECONDS, "pool_pre_ping": True}
# Seconds, and milliseconds for the last, after which a server that went silent counts as gone (libpq's names).
_SERVER = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000, "application_name": "dubline"}


class Database:
    """An open catalog database; ``read`` and ``write`` give short sessions.

    A write session on SQLite starts with BEGIN IMMEDIATE: a transaction that reads first and writes later would
    be refused at once, busy timeout or not, when another process has written in between.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.where = self.url.render_as_string(hide_password=True)
        self.engine = _engine(url)
        self._writer = self.engine.execution_options(begin="IMMEDIATE")
        self._reader = self.engine
        self._answered = False
        if not self.is_sqlite:
            # The default shows a reader what others commit between its statements.
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ")
            event.listen(self.engine, "do_connect", self._connect)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    def server(self) -> str:
        """Which database this is, with its version; raises DbError for a PostgreSQL too old to be counted on."""
        with self.read() as session:
            if self.is_sqlite:
                return f"SQLite {session.execute(select(func.sqlite_version())).scalar_one()}"
            version = session.connection().dialect.server_version_info or ()
        told = f"PostgreSQL {'.'.join(map(str, version))}"
        if version < _OLDEST_POSTGRESQL:
            raise DbError(f"{told} is too old", self.where, f"use PostgreSQL {_OLDEST_POSTGRESQL[0]} or later")
        return told

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one consistent view; nothing it changes is kept. Raises DbError."""
        with self.explained(), Session(self._reader, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, kept whole at the end or not at all. Raises DbError."""
        with self.explained(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction below the ORM, for migrations. Raises DbError."""
        with self.explained(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the driver's faults into DbError; a broken constraint is a bug and stays as it is."""
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, sqlite3.Error) as error:
            if not _is_fault(error):
                raise
            raise self._explain(str(getattr(error, "orig", None) or error)) from error

    def _connect(self, dialect: Dialect, _record: Any, arguments: Any, named: Any) -> Any:
        """Connect to the server; one that answered before, or is about to, is waited for."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                connection = dialect.connect(*arguments, **named)
            except psycopg.OperationalError as error:
                passing = self._answered or any(sign in str(error) for sign in _PASSING)
                if not passing or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                self._answered = True
                return connection

    def _explain(self, said: str) -> DbError:
        for sign, mend in _MENDS:
            if sign in said:
                return DbError(f"the catalog does not answer: {said}", self.where, mend)
        return DbError(f"the catalog does not answer: {said}", self.where, "see that the database is up and reachable")


_OLDEST_POSTGRESQL = (14,)
# Signs in PostgreSQL's messages that it will take connections later.
_PASSING = ("starting up", "shutting down", "in recovery", "too many clients", "connection slots")
_PAUSE_SECONDS = 0.5

# Signs in SQLite's and PostgreSQL's own messages, and what helps.
_MENDS = (
    ("file is not a database", "point DUBLINE_DATABASE_URL at a catalog, or move this file away"),
    ("malformed", "restore the catalog from a backup; the store's bytes are untouched"),
    ("readonly", "make the catalog's file and folder writable"),
    ("unable to open", "see that the folder exists and is writable"),
    ("database or disk is full", "free space on the catalog's disk"),
    ("No space left", "free space on the catalog's disk"),
    ("disk I/O error", "check the catalog's disk: space, permissions, health"),
    ("locked", f"another process has written for over {BUSY_SECONDS:.0f} s; try again when it is done"),
    ("too many clients", "raise PostgreSQL's max_connections, or run fewer workers"),
    ("password authentication", "check the user and password in DUBLINE_DATABASE_URL"),
    ("QueuePool limit", "lower the number of concurrent steps"),
)


def _is_fault(error: Exception) -> bool:
    """Faults of the surroundings, as against mistakes in our own statements (which are bugs)."""
    origin = getattr(error, "orig", None) or error
    if getattr(origin, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return False  # SQLite calls an unknown column an operational error too
    return type(error).__name__ in {"OperationalError", "InterfaceError", "TimeoutError"} or any(
        sign in str(origin) for sign, _ in _MENDS
    )


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # psycopg 3 is the driver that comes along, whichever the URL leaves unsaid.
        driver = "postgresql+psycopg" if parsed.drivername == "postgresql" else parsed.drivername
        return create_engine(parsed.set(drivername=driver), connect_args=_SERVER, **_SERVER_POOL)
    if not parsed.database or parsed.database == ":memory:":
        raise DbError("a catalog in memory would be forgotten", url, "give a file: sqlite:////path/to/catalog.db")
    try:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DbError(f"cannot make the catalog's folder: {error.strerror}", url, "give a writable folder") from error
    engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS}, **_FILE_POOL)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: Any) -> None:
    """Per-connection settings; the driver's own transaction handling is switched off, it begins too late."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    # FULL: with NORMAL a power cut may take the last commits along, and an approval must not be forgotten.
    # A few syncs per step cost nothing against its work.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def use_wal(database: Database) -> None:
    """Switch a SQLite catalog to write-ahead logging: readers and the one writer do not stop each other.

    The switch needs the file for itself and does not wait for it, so it is tried until the busy time is over.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            with database.explained():
                raw = database.engine.raw_connection()
                try:
                    raw.cursor().execute("PRAGMA journal_mode=WAL")
                finally:
                    raw.close()
            return
        except DbError as error:
            if "locked" not in error.what or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def insert_new(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert ``rows``, leaving those whose key is already there as they are."""
    if rows:
        dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        statement: Executable = dialect.insert(table.__table__).on_conflict_do_nothing()
        session.execute(statement, rows)


def hold_writers(session: Session, *tables: type[Base]) -> None:
    """Let nobody else write to ``tables`` until the transaction ends; on SQLite every write transaction does so."""
    if session.get_bind().dialect.name != "sqlite":
        names = ", ".join(table.__tablename__ for table in tables)
        session.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def server_start(session: Session) -> datetime | None:
    """When the database server was started; None for a local file, which is never away."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    moment: datetime = session.execute(select(func.pg_postmaster_start_time())).scalar_one()
    return moment


def database_time(session: Session) -> datetime:
    """The database server's clock, one for all hosts; this machine's own where the database is a local file."""
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment
