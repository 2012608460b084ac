"""The name of immutable bytes, as the store and the catalog hand it to each other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HASH_BLOCK = 4 * 1024 * 1024  # large enough that reading, not Python, sets the pace


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """Bytes by their SHA-256 (hexadecimal), their size, file suffix (with its dot) and where they lie.

    ``storage_uri`` is ``store:<path under the store>`` or, for a file outside it, ``file:///...``.
    """

    sha256: str
    bytes: int
    suffix: str
    storage_uri: str


class Fingerprint(NamedTuple):
    """What ``stat`` says of a file: unchanged, its bytes are taken to be unchanged."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """Fingerprint of ``path``; raises OSError when it is not there."""
        stat = path.stat()
        return cls(size=stat.st_size, mtime_ns=stat.st_mtime_ns, inode=stat.st_ino)


def hash_file(path: Path) -> str:
    """SHA-256 of a file, read in blocks; raises OSError when it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
