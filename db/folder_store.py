"""A store in a folder: files named by their SHA-256, on one machine or on a disk that many share."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from hashlib import sha256 as new_digest
from pathlib import Path

from db.assets import HASH_BLOCK, Fingerprint, StoredAsset, hash_file
from db.errors import DbError
from db.process import Owner
from db.store import Store, StoredObject, object_name, stored

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_READ_ONLY = 0o444


class FolderStore(Store):
    """Content-addressed files under ``root``.

    ``objects/ab/<sha256><suffix>`` holds the bytes, ``seen/ab/<sha256><suffix>`` the fingerprint they had when last
    hashed, ``incoming/`` what is being written, ``corrupt/`` what was found changed. Every file is written under a
    name of its own and then renamed.
    """

    def __init__(self, root: Path, *, begin: bool = True) -> None:
        """Open the store at ``root``, or ``begin`` one; raises DbError when it is not there, or cannot be made."""
        self.root = root.resolve()
        self._objects = self.root / "objects"
        self._seen = self.root / "seen"
        self._incoming = self.root / "incoming"
        if not begin:
            self.require_lent()
        with self._explained(0):
            for folder in (self._objects, self._seen, self._incoming):
                folder.mkdir(parents=True, exist_ok=True)
            self._clear_incoming()

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.root)

    @property
    def local(self) -> Path:
        """The folder."""
        return self.root

    @property
    def is_far(self) -> bool:
        """What lies here is the store itself."""
        return False

    def put(self, path: Path, *, suffix: str, move: bool = True) -> StoredAsset:
        """Take the bytes of ``path`` in; nothing half-written is left behind where that fails."""
        with self.arriving(path, suffix=suffix, move=move) as (arrival, asset):
            self.settle(arrival, asset)
        return asset

    @contextmanager
    def arriving(self, path: Path, *, suffix: str, move: bool) -> Iterator[tuple[Path, StoredAsset]]:
        """Take in the bytes of ``path`` under a name of their own, hashed: gives that file and the asset it is."""
        path.open("rb").close()  # a source that cannot be read is no fault of the store
        size = path.stat().st_size
        with self._explained(size), self._arrival() as arrival:
            # A link, or a file with a second name, is somebody else's too and must not change hands.
            movable = move and not path.is_symlink() and path.stat().st_nlink == 1 and not self._is_object(path)
            if movable and path.stat().st_dev == self._incoming.stat().st_dev:
                path.rename(arrival)
                sha256 = hash_file(arrival)
            else:
                with path.open("rb") as source:
                    sha256 = _write_hashing(iter(lambda: source.read(HASH_BLOCK), b""), arrival)
                if movable:
                    path.unlink()
            yield arrival, stored(sha256, arrival.stat().st_size, suffix)

    def settle(self, arrival: Path, asset: StoredAsset) -> None:
        """Make the arrived file the object, unless that is there and sound already."""
        if self.verify(asset):
            self.path(asset).chmod(_READ_ONLY)  # renews its change time: gc spares what was just asked for
        else:
            self._settle(arrival, asset)

    def take(self, blocks: Iterable[bytes], asset: StoredAsset) -> bool:
        """Write ``blocks`` as the asset, if they are that; whether they were."""
        with self._explained(asset.bytes), self._arrival() as arrival:
            if _write_hashing(blocks, arrival) != asset.sha256:
                return False
            self._settle(arrival, asset)
        return True

    def path(self, asset: StoredAsset) -> Path:
        """Where the asset's bytes lie, if they are there."""
        return self._objects / object_name(asset)

    def location(self, asset: StoredAsset) -> str:
        """The asset's path."""
        return str(self.path(asset))

    def holds(self, asset: StoredAsset) -> bool:
        """Whether there is a file of this name."""
        if self.path(asset).exists():
            return True
        self.require_lent()
        return False

    def objects(self) -> Iterator[StoredObject]:
        """Every object's file; its change time says when it was put there, or asked for again."""
        self.require_lent()
        for path in sorted(self._objects.glob("??/*")):
            stat = path.stat()
            yield StoredObject(path.name, stat.st_size, datetime.fromtimestamp(stat.st_ctime, UTC))

    def remove(self, found: StoredObject) -> bool:
        """Delete the file, unless it changed since."""
        path = self._objects / found.name[:2] / found.name
        with self._explained(0):
            try:
                if datetime.fromtimestamp(path.stat().st_ctime, UTC) != found.arrived_at:
                    return False
                self._note(path).unlink(missing_ok=True)
                path.unlink()
            except FileNotFoundError:
                pass
        return True

    def set_aside(self, asset: StoredAsset) -> None:
        """Move the file to ``corrupt/``."""
        path = self.path(asset)
        with self._explained(0):
            if path.exists():
                (self.root / "corrupt").mkdir(exist_ok=True)
                path.replace(self.root / "corrupt" / path.name)
            self._note(path).unlink(missing_ok=True)

    def require_lent(self) -> None:
        """A folder that is not there, as of a disk that is not mounted, is no empty store: nothing in it is lost."""
        try:
            self._objects.stat()
        except OSError as error:
            raise DbError(
                f"the store is not there: {error.strerror}",
                self.where,
                "mount its disk; if it is lost for good, make its folder `objects`",
            ) from error

    def check(self) -> None:
        """Write and read a few bytes where everything arrives."""
        with self._explained(0), self._arrival() as arrival:
            said = uuid.uuid4().bytes
            arrival.write_bytes(said)
            _sync(arrival)
            if arrival.read_bytes() != said:
                raise DbError("the store gives back other bytes than it took", self.where, "check its disk")

    def last_used(self, found: StoredObject) -> float:
        """When an object was last lent or stored, in seconds since the epoch; 0 where nobody noted it."""
        try:
            return self._note(self._objects / found.name[:2] / found.name).stat().st_mtime
        except OSError:
            return 0.0

    def touch(self, asset: StoredAsset) -> None:
        """Note that the asset is used now."""
        note = self._note(self.path(asset))
        if note.exists():
            os.utime(note)

    def _lend(self, asset: StoredAsset) -> AbstractContextManager[Path]:
        self.require_lent()
        return nullcontext(self.path(asset))

    def _verify(self, asset: StoredAsset, *, rehash: bool) -> bool:
        """A file whose fingerprint is the one it had when last hashed is taken as unchanged, unless ``rehash``."""
        path = self.path(asset)
        try:
            found = Fingerprint.of(path)
            if found.size != asset.bytes:
                return False
            if not rehash and self._last_seen(path) == found:
                return True
            if hash_file(path) != asset.sha256:
                return False
        except OSError:
            self.require_lent()
            return False
        self._remember(path, found)
        return True

    def _settle(self, arrival: Path, asset: StoredAsset) -> None:
        """Make the arrived file the object: on the disk before it has its name, so that the name means whole."""
        target = self.path(asset)
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            _sync(self._objects)
        arrival.chmod(_READ_ONLY)
        _sync(arrival)
        arrival.replace(target)
        _sync(target.parent)
        self._remember(target, Fingerprint.of(target))

    def _note(self, path: Path) -> Path:
        return self._seen / path.relative_to(self._objects)

    def _last_seen(self, path: Path) -> Fingerprint | None:
        try:
            return Fingerprint(*map(int, self._note(path).read_text().split()))
        except (OSError, ValueError, TypeError):
            return None  # absent or torn by a power cut: the bytes are hashed again

    def _remember(self, path: Path, fingerprint: Fingerprint) -> None:
        """Note the fingerprint of bytes just hashed; a note that cannot be written costs another hash, no more."""
        note = self._note(path)
        try:
            note.parent.mkdir(exist_ok=True)
            with self._arrival() as arrival:
                arrival.write_text(" ".join(map(str, fingerprint)))
                arrival.replace(note)
        except OSError:
            return

    def _is_object(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._objects)

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
                    self.where,
                    "free space there, with `dubline catalog gc --delete` for one, or move the store",
                ) from error
            if error.errno == errno.ENOENT:
                self.require_lent()
            if error.errno in (errno.ENOTDIR, errno.EEXIST):
                raise DbError("the store cannot be a folder there", self.where, "choose another place") from error
            if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise DbError("the store cannot be written", self.where, "make it writable") from error
            raise


def _write_hashing(blocks: Iterable[bytes], target: Path) -> str:
    """Write a file block by block; returns the SHA-256 of what was written."""
    digest = new_digest()
    with target.open("xb") as writer:
        for block in blocks:
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
