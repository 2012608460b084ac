"""The store: a folder of immutable files named by their SHA-256; each appears whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from db.assets import HASH_BLOCK, Fingerprint, StoredAsset, hash_file
from db.errors import DbError
from db.process import Owner

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY = 0o444


class Store:
    """Content-addressed files under ``root``.

    ``objects/ab/<sha256><suffix>`` holds the bytes, ``seen/ab/<sha256><suffix>`` the fingerprint they had when last
    hashed, ``incoming/`` what is being written. Safe for many threads and processes: every file is written under a
    name of its own and then renamed.
    """

    def __init__(self, root: Path) -> None:
        """Open, or make, the store at ``root``; raises DbError when the folder cannot be made."""
        self.root = root.resolve()
        self.objects = self.root / "objects"
        self._seen = self.root / "seen"
        self._incoming = self.root / "incoming"
        with self._explained(0):
            for folder in (self.objects, self._seen, self._incoming):
                folder.mkdir(parents=True, exist_ok=True)
            self._clear_incoming()

    def put(self, path: Path, *, suffix: str, move: bool = True) -> StoredAsset:
        """Take the bytes of ``path`` into the store; with ``move`` the file itself, where that is possible.

        A sound object already there is kept, a corrupt one replaced. Raises DbError when the disk is full or
        read-only, with nothing half-written left behind; OSError when ``path`` cannot be read.
        """
        path.open("rb").close()  # a source that cannot be read is no fault of the store
        size = path.stat().st_size
        with self._explained(size), self._arrival() as arrival:
            # A link, or a file with a second name, is somebody else's too and must not change hands.
            movable = move and not path.is_symlink() and path.stat().st_nlink == 1 and not self._holds(path)
            if movable and path.stat().st_dev == self._incoming.stat().st_dev:
                path.rename(arrival)
                sha256 = hash_file(arrival)
            else:
                sha256 = _copy_hashing(path, arrival)
                if movable:
                    path.unlink()
            asset = StoredAsset(sha256, arrival.stat().st_size, suffix, f"store:{sha256[:2]}/{sha256}{suffix}")
            if self.verify(asset):
                self._object(asset).chmod(_READ_ONLY)  # renews its change time: gc spares what was just asked for
            else:
                self._settle(arrival, asset)
        return asset

    def path(self, asset: StoredAsset) -> Path:
        """Where the asset's bytes lie: in the store, or outside it for a ``file:`` URI."""
        if asset.storage_uri.startswith("file:"):
            return Path(url2pathname(urlsplit(asset.storage_uri).path))
        return self._object(asset)

    def verify(self, asset: StoredAsset, *, rehash: bool = False) -> bool:
        """Whether the asset's bytes are there and sound.

        A file whose fingerprint is the one it had when last hashed is taken as unchanged, unless ``rehash``.
        """
        path = self.path(asset)
        try:
            found = Fingerprint.of(path)
            if found.size != asset.bytes:
                return False
            if not rehash and self._last_seen(asset) == found:
                return True
            if hash_file(path) != asset.sha256:
                return False
        except OSError:
            return False
        self._remember(asset, found)
        return True

    def hashes(self) -> dict[str, list[Path]]:
        """Every object's file or files (one per suffix) by SHA-256."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.objects.glob("??/*")):
            found.setdefault(path.name[:64], []).append(path)
        return found

    def remove(self, path: Path) -> int:
        """Delete one object's file; returns the bytes it held."""
        size = path.stat().st_size
        with self._explained(0):
            (self._seen / path.relative_to(self.objects)).unlink(missing_ok=True)
            path.unlink()
        return size

    def _object(self, asset: StoredAsset) -> Path:
        return self.objects / asset.sha256[:2] / f"{asset.sha256}{asset.suffix}"

    def _settle(self, arrival: Path, asset: StoredAsset) -> None:
        """Make the arrived file the object: on the disk before it has its name, so that the name means whole."""
        target = self._object(asset)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(self.objects)
        arrival.chmod(_READ_ONLY)
        _sync(arrival)
        arrival.replace(target)
        _sync(target.parent)
        self._remember(asset, Fingerprint.of(target))

    def _last_seen(self, asset: StoredAsset) -> Fingerprint | None:
        try:
            words = (self._seen / asset.sha256[:2] / f"{asset.sha256}{asset.suffix}").read_text().split()
            return Fingerprint(*map(int, words))
        except (OSError, ValueError, TypeError):
            return None  # absent or torn by a power cut: the bytes are hashed again

    def _remember(self, asset: StoredAsset, fingerprint: Fingerprint) -> None:
        """Note the fingerprint of bytes just hashed; a note that cannot be written costs another hash, no more."""
        if asset.storage_uri.startswith("file:"):
            return  # the catalog keeps those
        note = self._seen / asset.sha256[:2] / f"{asset.sha256}{asset.suffix}"
        try:
            note.parent.mkdir(exist_ok=True)
            with self._arrival() as arrival:
                arrival.write_text(" ".join(map(str, fingerprint)))
                arrival.replace(note)
        except OSError:
            return

    def _holds(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.objects)

    @contextmanager
    def _arrival(self) -> Iterator[Path]:
        """A name under ``incoming`` that tells whose it is; whatever still has it at the end is deleted."""
        owner = Owner.current()
        arrival = self._incoming / f"{owner.pid}@{owner.host}@{owner.started.replace('/', '_')}@{uuid.uuid4().hex}"
        try:
            yield arrival
        finally:
            arrival.unlink(missing_ok=True)

    def _clear_incoming(self) -> None:
        """Delete what processes of this host left behind when they died."""
        for path in self._incoming.iterdir():
            match path.name.split("@"):
                case [pid, host, started, _] if Owner(host, int(pid), started.replace("_", "/")).is_dead():
                    path.unlink(missing_ok=True)

    @contextmanager
    def _explained(self, needed: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                free = shutil.disk_usage(self.root).free
                raise DbError(
                    f"the store's disk is full: {needed} bytes are needed, {free} are free",
                    str(self.root),
                    "free space there, with `dubline catalog gc --delete` for one, or move the store",
                ) from error
            if error.errno in (errno.ENOTDIR, errno.EEXIST):
                raise DbError("the store cannot be a folder there", str(self.root), "choose another place") from error
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise DbError("the store cannot be written", str(self.root), "make it writable") from error
            raise


def _copy_hashing(source: Path, target: Path) -> str:
    """Copy a file in blocks; returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(HASH_BLOCK):
            digest.update(block)
            writer.write(block)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Force a file's bytes, or a folder's names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
