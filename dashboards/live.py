"""What is going on now: asked of the catalog in one place, for every page that listens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from dashboards.waiting import Waiting
from db.catalog import Catalog
from db.errors import DbError

log = logging.getLogger(__name__)

_CATALOG_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Now:
    """A moment: its number (which grows with every change), the runs at work, titles that wait (of the next 200 runs),
    when a slot changed last, and whether the catalog answered."""

    number: int
    runs: tuple[dict[str, Any], ...]
    waiting: tuple[str, ...]
    changed_at: str | None
    catalog: bool


class Live:
    """Watches the catalog while somebody listens; `now` is the last moment it looked at."""

    def __init__(self, catalog: Catalog, waiting: Waiting) -> None:
        self._catalog, self._waiting = catalog, waiting
        self._now = Now(0, (), (), None, catalog=True)
        self._listeners = 0
        # Who comes and goes does not wait for a look, which waits for the catalog and for Prefect.
        self._counting, self._looking = threading.Lock(), threading.Lock()
        self._stop = threading.Event()

    @property
    def now(self) -> Now:
        """The last moment that was looked at; as old as the last who listened."""
        return self._now

    @property
    def stopped(self) -> bool:
        """Whether the desk goes down."""
        return self._stop.is_set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch in a thread of our own while the context lasts."""
        watcher = threading.Thread(target=self._watch, name="desk-live", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self.stop()
            watcher.join(5)

    def stop(self) -> None:
        """Let everybody go who listens."""
        self._stop.set()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Somebody listens: nobody asks the catalog for nobody."""
        with self._counting:
            self._listeners += 1
        try:
            yield
        finally:
            with self._counting:
                self._listeners -= 1

    def look(self) -> Now:
        """This very moment: what was known is as old as the last who listened."""
        with self._looking:
            found = self._found()
            known = self._now
            if found != (known.runs, known.waiting, known.changed_at, known.catalog):
                self._now = Now(known.number + 1, *found)
            return self._now

    def _watch(self) -> None:
        while not self._stop.wait(_CATALOG_SECONDS):
            if self._listeners:
                try:
                    self.look()
                except Exception:  # one bad look must not end all that come after
                    log.exception("what goes on could not be looked at")

    def _found(self) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...], str | None, bool]:
        try:
            runs = tuple(asdict(run) for run in self._catalog.running())
            changed = self._catalog.last_change()
        except DbError as error:
            log.warning("%s", error)
            return self._now.runs, self._now.waiting, self._now.changed_at, False
        return runs, self._waiting.ahead(), changed.isoformat() if changed else None, True
