"""One run at a time on a version of a title: a row with a lease, renewed while the owner lives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database, database_time, server_start
from db.errors import DbError, LockLost, TitleBusy
from db.process import Owner
from db.runs import end_dead_runs, end_runs

POLL_SECONDS = 0.25
# Renewed three times per lease, so that one renewal may fail or come late.
RENEWALS_PER_LEASE = 3


@dataclass(slots=True)
class TitleLock:
    """A held lock; ``lost`` says why it is held no longer, once that is so."""

    version_id: int
    run_id: int
    lost: LockLost | None = None


class Locks(Database):
    """Exclusive work on a version."""

    @contextmanager
    def title_lock(
        self,
        version_id: int,
        run_id: int,
        *,
        lease_seconds: float = 60,
        wait_seconds: float = 0,
        patience_seconds: float = 0,
        on_lost: Callable[[LockLost], object] = lambda lost: None,
    ) -> Iterator[TitleLock]:
        """Hold the version for ``run_id``; a daemon thread renews the lease.

        A lock whose process died on this host, or whose lease ran out on another, is taken over and its run marked
        crashed. ``on_lost`` is called from that thread when another run has taken the lock, or when the database has
        been away for ``patience_seconds`` more than the lease, so that nobody can say. Raises TitleBusy when a live
        run holds it still after ``wait_seconds``.
        """
        deadline = time.monotonic() + wait_seconds
        while (busy := self._take(version_id, run_id, lease_seconds)) is not None:
            if time.monotonic() >= deadline:
                raise busy
            time.sleep(POLL_SECONDS)
        lock = TitleLock(version_id=version_id, run_id=run_id)
        done = threading.Event()

        def renew() -> None:
            lock.lost = self._renew(lock, lease_seconds, patience_seconds, done)
            if lock.lost is not None:
                on_lost(lock.lost)

        renewer = threading.Thread(target=renew, name=f"title-lock-{version_id}", daemon=True)
        renewer.start()
        try:
            yield lock
        finally:
            done.set()
            renewer.join()
            with self.write() as session:
                session.execute(delete(m.TitleLock).where(*_held_by(lock)))

    def _take(self, version_id: int, run_id: int, lease_seconds: float) -> TitleBusy | None:
        """Take the lock, or answer who has it."""
        try:
            with self.write() as session:
                end_dead_runs(session, version_id)
                held = session.get(m.TitleLock, version_id, with_for_update=True)
                if held is not None and not _is_abandoned(session, held, lease_seconds):
                    return _busy(session, held)
                if held is not None:
                    end_runs(session, [held.owner_run_id], state="crashed", error="its lock was taken over")
                    session.delete(held)
                    session.flush()
                owner, moment = Owner.current(), database_time(session)
                session.add(
                    m.TitleLock(
                        version_id=version_id,
                        owner_run_id=run_id,
                        host=owner.host,
                        pid=owner.pid,
                        process_started=owner.started,
                        acquired_at=moment,
                        lease_until=moment + timedelta(seconds=lease_seconds),
                    )
                )
            return None
        except IntegrityError as error:
            # PostgreSQL lets two insert the first row at once; the second of them is told so here.
            with self.read() as session:
                held = session.get(m.TitleLock, version_id)
                if held is None:
                    raise
                busy = _busy(session, held)
                busy.__cause__ = error
                return busy

    def _renew(
        self, lock: TitleLock, lease_seconds: float, patience_seconds: float, done: threading.Event
    ) -> LockLost | None:
        """Renew the lease until ``done``; why it could not be, where it could not."""
        renewed_at = time.monotonic()
        while not done.wait(lease_seconds / RENEWALS_PER_LEASE):
            try:
                with self.write() as session:
                    until = database_time(session) + timedelta(seconds=lease_seconds)
                    renewed = session.execute(
                        update(m.TitleLock).where(*_held_by(lock)).values(lease_until=until).returning(m.TitleLock.pid)
                    ).first()
            except DbError as error:
                # A database away for a moment: the next renewal will tell.
                if time.monotonic() - renewed_at > lease_seconds + patience_seconds:
                    return _lost(lock, f"its lock could not be renewed: {error.what}")
                continue
            if renewed is None:
                return _lost(lock, "another run has taken it over")
            renewed_at = time.monotonic()
        return None


def _held_by(lock: TitleLock) -> tuple[Any, ...]:
    return (m.TitleLock.version_id == lock.version_id, m.TitleLock.owner_run_id == lock.run_id)


def _lost(lock: TitleLock, why: str) -> LockLost:
    return LockLost(
        f"the title is no longer this run's: {why}",
        f"version {lock.version_id}, run {lock.run_id}",
        "nothing was published after that; run the order again",
    )


def _is_abandoned(session: Session, held: m.TitleLock, lease_seconds: float) -> bool:
    """Whether the owner is gone: certain on this host; on another, when its lease has run out.

    While the server was down nobody could renew: a lease lasts at least as long again after its start.
    """
    owner = Owner(held.host, held.pid, held.process_started)
    if owner.is_here():
        return owner.is_dead()
    started = server_start(session)
    renewable_until = started + timedelta(seconds=lease_seconds) if started else held.lease_until
    return max(held.lease_until, renewable_until) < database_time(session)


def _busy(session: Session, held: m.TitleLock) -> TitleBusy:
    version = session.get_one(m.Version, held.version_id)
    title = session.get_one(m.Title, version.title_id)
    return TitleBusy(
        f"{title.slug} {version.label} is being worked on by run {held.owner_run_id} on {held.host}, pid {held.pid}, "
        f"since {held.acquired_at:%Y-%m-%d %H:%M:%S} UTC",
        f"version {held.version_id}",
        "wait for it to end, or stop that run",
    )
