"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket, killed and started again at will."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

ROLE = "studio"
# What a crash may lose does not matter to a test, what a sync costs does.
_OPTIONS = {"fsync": "off", "full_page_writes": "off", "listen_addresses": "", "max_connections": "60"}


def find_postgres() -> Path | None:
    """The folder of PostgreSQL's binaries; None where there is no server on this machine."""
    found = shutil.which("postgres")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders else None


class Cluster:
    """A server over one data folder; databases are made in it by `database`."""

    def __init__(self, binaries: Path, folder: Path, user: str | None) -> None:
        self._binaries, self.folder, self._user = binaries, folder, user
        self._server: subprocess.Popen[bytes] | None = None
        initdb = [binaries / "initdb", "-D", folder / "data", "-U", ROLE, "-A", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)

    def url(self, database: str = "postgres") -> str:
        """URL of one of its databases."""
        return f"postgresql://{ROLE}@/{database}?host={self.folder}"

    @property
    def log(self) -> Path:
        """What the server has said."""
        return self.folder / "log"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [word for name, value in _OPTIONS.items() for word in ("-c", f"{name}={value}")]
        command = [self._binaries / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        # Whose environment names a studio is taken for one of its processes, and this one serves many.
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DUBLINE_", "PREFECT_"))}
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, user=self._user, cwd=self.folder, env=clean
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop: SIGINT breaks every connection, SIGKILL gives the server no word at all."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait()

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """A database of its own, a copy of ``template``; gives its name."""
        name = f"test_{uuid.uuid4().hex}"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield name
        self._tell(f"DROP DATABASE {name} WITH (FORCE)")

    def _tell(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def cluster() -> Iterator[Cluster | None]:
    """A running server, gone with its folder at the end; None where this machine has no PostgreSQL."""
    binaries = find_postgres()
    if binaries is None:
        yield None
        return
    user = _unprivileged()
    # Not under pytest's folders: those are closed to the user that the server must run as.
    folder = Path(tempfile.mkdtemp(prefix="dubline-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    server = Cluster(binaries, folder, user)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: whom to run it as then."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
