"""What a store is: immutable bytes named by their SHA-256, each there whole or not at all."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from db.assets import StoredAsset, hash_file


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object that lies in a store: its name there, size in bytes, and when it was put there last."""

    name: str
    bytes: int
    arrived_at: datetime

    @property
    def sha256(self) -> str:
        """The hash that its name says."""
        return self.name[:64]


class Store(ABC):
    """A place for assets. Safe for many threads, processes and machines.

    Every method raises DbError when the place cannot be reached, is full, or may not be written.
    """

    @property
    @abstractmethod
    def where(self) -> str:
        """The place, for people: a folder or a URL, without secrets."""

    @property
    @abstractmethod
    def local(self) -> Path:
        """The folder of this machine that bytes pass through on their way in and out."""

    @property
    @abstractmethod
    def is_far(self) -> bool:
        """Whether this machine holds only copies, while they are used."""

    @abstractmethod
    def put(self, path: Path, *, suffix: str, move: bool = True) -> StoredAsset:
        """Take the bytes of ``path`` into the store; with ``move`` the file itself goes, where that is possible.

        A sound object already there is kept, a corrupt one replaced. OSError when ``path`` cannot be read.
        """

    def lend(self, asset: StoredAsset) -> AbstractContextManager[Path]:
        """The asset's bytes as a read-only file of this machine, there until the context ends.

        An asset with a ``file:`` URI lies outside the store and is lent from there.
        """
        outside = path_outside(asset)
        return nullcontext(outside) if outside is not None else self._lend(asset)

    def verify(self, asset: StoredAsset, *, rehash: bool = False) -> bool:
        """Whether the asset's bytes are there and sound; ``rehash`` reads them, whatever was known before."""
        outside = path_outside(asset)
        return self._verify(asset, rehash=rehash) if outside is None else _is_sound(outside, asset)

    @abstractmethod
    def location(self, asset: StoredAsset) -> str:
        """Where the asset lies, or would lie, in the store; for people."""

    @abstractmethod
    def holds(self, asset: StoredAsset) -> bool:
        """Whether there is an object of this name, sound or not."""

    @abstractmethod
    def objects(self) -> Iterator[StoredObject]:
        """Every object, by name; one content may be there under several suffixes."""

    @abstractmethod
    def remove(self, found: StoredObject) -> bool:
        """Delete an object, unless it was put there again since it was ``found``; whether it is gone."""

    @abstractmethod
    def set_aside(self, asset: StoredAsset) -> None:
        """Take a corrupt object out of the way, and keep it for whoever wants to know what happened."""

    @abstractmethod
    def require_lent(self) -> None:
        """Raise DbError where what was lent cannot be read any more, because the place is out of reach."""

    @abstractmethod
    def check(self) -> None:
        """Write, read back and delete a few bytes."""

    @abstractmethod
    def _lend(self, asset: StoredAsset) -> AbstractContextManager[Path]: ...

    @abstractmethod
    def _verify(self, asset: StoredAsset, *, rehash: bool) -> bool: ...


def object_name(asset: StoredAsset) -> str:
    """An asset's name in any store: the first two digits spread the objects over 256 folders."""
    return f"{asset.sha256[:2]}/{asset.sha256}{asset.suffix}"


def stored(sha256: str, size: int, suffix: str) -> StoredAsset:
    """An asset that lies in a store, whichever it is: its URI does not say, so that a store can be moved."""
    return StoredAsset(sha256, size, suffix, f"store:{sha256[:2]}/{sha256}{suffix}")


def path_outside(asset: StoredAsset) -> Path | None:
    """Where an asset lies that is in no store; None for one that is."""
    if not asset.storage_uri.startswith("file:"):
        return None
    return Path(url2pathname(urlsplit(asset.storage_uri).path))


def _is_sound(path: Path, asset: StoredAsset) -> bool:
    try:
        return path.stat().st_size == asset.bytes and hash_file(path) == asset.sha256
    except OSError:
        return False
