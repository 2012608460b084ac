"""Copies of far bytes on this machine's disk: as many as fit, the least recently used going first."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from db.assets import StoredAsset
from db.folder_store import FolderStore

# Locks are shared by the objects whose names begin alike: 4096 of them, so that few keep each other from going.
_LOCK_DIGITS = 3


class Cache:
    """A folder of at most ``limit`` bytes, shared by the processes of one machine.

    What is lent stays: a shared lock (flock, which ends with the process that holds it) is taken before the file is
    looked for, and an eviction passes over what it cannot lock for itself. Where all that is lent exceeds the limit,
    so does the cache until it is given back.
    """

    def __init__(self, folder: Path, *, limit: int) -> None:
        """Open, or make, the cache; raises DbError when the folder cannot be made."""
        self.folder = FolderStore(folder)
        self.limit = limit
        self._locks = self.folder.root / "locks"
        self._locks.mkdir(exist_ok=True)

    @contextmanager
    def keep(self, path: Path, *, suffix: str, move: bool) -> Iterator[tuple[StoredAsset, Path]]:
        """Take a file in and lend it: gives the asset it is and where it lies now."""
        self._make_room(path.stat().st_size)
        with (
            self.folder.arriving(path, suffix=suffix, move=move) as (arrival, asset),
            self._lock(asset.sha256, fcntl.LOCK_SH),
        ):
            self.folder.settle(arrival, asset)
            self.folder.touch(asset)
            yield asset, self.folder.path(asset)

    @contextmanager
    def lend(self, asset: StoredAsset, fetch: Callable[[], Iterable[bytes]]) -> Iterator[Path | None]:
        """The cached file, fetched where it is not there or not sound; None where what came is not the asset."""
        with self._lock(asset.sha256, fcntl.LOCK_SH):
            there = self.folder.verify(asset)
            if not there:
                self._make_room(asset.bytes)
                there = self.folder.take(fetch(), asset)
            self.folder.touch(asset)
            yield self.folder.path(asset) if there else None

    def _make_room(self, needed: int) -> None:
        """Evict until ``needed`` bytes fit under the limit and on the disk."""
        found = list(self.folder.objects())
        free = shutil.disk_usage(self.folder.root).free
        surplus = max(sum(one.bytes for one in found) + needed - self.limit, needed - free)
        for one in sorted(found, key=self.folder.last_used):
            if surplus <= 0:
                return
            try:
                with self._lock(one.sha256, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    surplus -= one.bytes if self.folder.remove(one) else 0
            except BlockingIOError:
                continue

    @contextmanager
    def _lock(self, sha256: str, how: int) -> Iterator[None]:
        descriptor = os.open(self._locks / sha256[:_LOCK_DIGITS], os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)
