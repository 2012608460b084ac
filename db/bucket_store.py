"""A store in a bucket of an S3-compatible object store, with copies on this machine for those who work on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256 as new_digest
from pathlib import Path
from urllib.parse import urlsplit

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from db.assets import HASH_BLOCK, StoredAsset
from db.cache import Cache
from db.errors import Corrupt, DbError
from db.store import Store, StoredObject, object_name, stored

# S3 takes 10,000 parts of at least 5 MiB; four of 16 MiB under way keep a 10 Gbit/s line busy and memory small.
_PART_BYTES, _MOST_PARTS, _PARTS_AT_ONCE = 16 * 2**20, 10_000, 4
# An object put again within this time need not be sent: gc leaves everything of the last day alone.
_YOUNG = timedelta(hours=12)
# A network or a server that is away for a minute or two is waited for, within every request.
PATIENCE = timedelta(seconds=150)
_LONGEST_PAUSE = timedelta(seconds=5)
# The client's words for an endpoint without TLS that was not allowed.
_NOT_TLS = "builder error"


class BucketStore(Store):
    """Content-addressed objects under ``s3://bucket/prefix``; keys are those of a folder store.

    Credentials, region and endpoint come from the standard ``AWS_*`` variables, or from the role of the machine. Every
    part is sent with its SHA-256, which the service checks; every object that arrives here is hashed and must be what
    its name says. A multipart upload appears as a whole or not at all.
    """

    def __init__(self, url: str, cache: Cache, *, patience: timedelta = PATIENCE) -> None:
        """``patience`` bounds the time that one request is tried again while the service does not answer.

        Raises DbError for a URL that names no bucket, or carries credentials.
        """
        parts = urlsplit(url)
        if not parts.hostname or parts.username or parts.query:
            raise DbError("this is no place for a store", _plain(url), "give s3://BUCKET/PREFIX, credentials apart")
        self._url = f"s3://{parts.hostname}{parts.path.rstrip('/')}"
        self._cache = cache
        self._young = _YOUNG
        self._bucket = S3Store(
            parts.hostname,
            prefix=parts.path.strip("/") or None,
            config={"checksum_algorithm": "SHA256"},
            retry_config={
                "max_retries": 1000,  # the time decides, not the number
                "retry_timeout": patience,
                "backoff": {"max_backoff": _LONGEST_PAUSE},
            },
        )

    @property
    def where(self) -> str:
        """The URL."""
        return self._url

    @property
    def local(self) -> Path:
        """The cache's folder."""
        return self._cache.folder.root

    @property
    def is_far(self) -> bool:
        """What lies here is a cache."""
        return True

    def put(self, path: Path, *, suffix: str, move: bool = True) -> StoredAsset:
        """Take the bytes of ``path`` into the cache, and send them unless they are there."""
        with self._cache.keep(path, suffix=suffix, move=move) as (asset, kept):
            if not self._is_there_and_young(asset):
                self._send(asset, kept)
        return asset

    def location(self, asset: StoredAsset) -> str:
        """The object's URL."""
        return f"{self._url}/{_key(asset)}"

    def holds(self, asset: StoredAsset) -> bool:
        """Whether there is an object of this key."""
        return self._head(asset) is not None

    def objects(self) -> Iterator[StoredObject]:
        """Every object; its modification time says when it was sent."""
        with self._explained():
            for page in self._bucket.list("objects", chunk_size=1000):
                for found in page:
                    yield StoredObject(found["path"].rpartition("/")[2], found["size"], found["last_modified"])

    def remove(self, found: StoredObject) -> bool:
        """Delete the object, unless it was sent again since. The copy in the cache goes when room is wanted."""
        asset = stored(found.sha256, found.bytes, found.name[64:])
        now_there = self._head(asset)
        if now_there is not None and now_there.arrived_at != found.arrived_at:
            return False
        with self._explained():
            self._bucket.delete(_key(asset))
        return True

    def set_aside(self, asset: StoredAsset) -> None:
        """Move the object to ``corrupt/``."""
        with self._explained():
            try:
                self._bucket.copy(_key(asset), f"corrupt/{asset.sha256}{asset.suffix}")
            except FileNotFoundError:
                return
            self._bucket.delete(_key(asset))

    def require_lent(self) -> None:
        """What is lent is a copy in the cache."""
        self._cache.folder.require_lent()

    def check(self) -> None:
        """Put an object, get it, delete it."""
        said, key = uuid.uuid4().bytes, f"check/{uuid.uuid4().hex}"
        with self._explained():
            self._bucket.put(key, said)
            heard = bytes(self._bucket.get(key).bytes())
            self._bucket.delete(key)
        if heard != said:
            raise DbError("the store gives back other bytes than it took", self._url, "check the service")
        self._cache.folder.check()

    @contextmanager
    def _lend(self, asset: StoredAsset) -> Iterator[Path]:
        """The copy in the cache, fetched and hashed where it is not there."""
        with self._cache.lend(asset, lambda: self._blocks(asset)) as path:
            if path is not None:
                yield path
                return
        # Not what the name says: out of the way, so that the step which made it is run again.
        self.set_aside(asset)
        raise Corrupt("stored bytes are corrupt", self.location(asset), "run the order again: they are made anew")

    def _verify(self, asset: StoredAsset, *, rehash: bool) -> bool:
        """There, and of the right size; what is fetched is hashed on arrival, whatever was said here."""
        found = self._head(asset)
        if found is None or found.bytes != asset.bytes:
            return False
        if not rehash:
            return True
        digest = new_digest()
        for block in self._blocks(asset):
            digest.update(block)
        return digest.hexdigest() == asset.sha256

    def _is_there_and_young(self, asset: StoredAsset) -> bool:
        found = self._head(asset)
        return found is not None and found.bytes == asset.bytes and datetime.now(UTC) - found.arrived_at < self._young

    def _send(self, asset: StoredAsset, path: Path) -> None:
        part = max(_PART_BYTES, -(-asset.bytes // _MOST_PARTS))
        with self._explained():
            self._bucket.put(_key(asset), path, chunk_size=part, max_concurrency=_PARTS_AT_ONCE)

    def _head(self, asset: StoredAsset) -> StoredObject | None:
        with self._explained():
            try:
                found = self._bucket.head(_key(asset))
            except FileNotFoundError:
                return None
        return StoredObject(f"{asset.sha256}{asset.suffix}", found["size"], found["last_modified"])

    def _blocks(self, asset: StoredAsset) -> Iterable[bytes]:
        with self._explained():
            for block in self._bucket.get(_key(asset)).stream(min_chunk_size=HASH_BLOCK):
                yield bytes(block)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise DbError("the store refuses", self._url, f"check its credentials: {_said(error)}") from error
        except FileNotFoundError as error:
            raise DbError(
                f"the store has no such thing: {_said(error)}", self._url, "check bucket and object"
            ) from error
        except (BaseError, OSError) as error:
            mend = "see that it is up, that bucket and region are right, and run again"
            if _NOT_TLS in str(error):
                mend = "give an https endpoint, or set AWS_ALLOW_HTTP=true"
            raise DbError(f"the store does not answer: {_said(error)}", self._url, mend) from error


def _key(asset: StoredAsset) -> str:
    return f"objects/{object_name(asset)}"


def _said(error: Exception) -> str:
    """The first line of a message that goes on with the client's inner state."""
    return str(error).partition("\n")[0].strip()


def _plain(url: str) -> str:
    """A URL without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
