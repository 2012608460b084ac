"""Opens the store that a setting names."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from db.bucket_store import PATIENCE, BucketStore
from db.cache import Cache
from db.catalog import Catalog
from db.errors import DbError
from db.folder_store import FolderStore
from db.settings import Places
from db.store import Store


def store_of(catalog: Catalog, places: Places, *, patience: timedelta = PATIENCE) -> Store:
    """The store that ``catalog`` speaks of; a folder of it that is away is not begun anew. Raises DbError."""
    return open_store(
        places.store_place,
        cache=places.cache_root,
        cache_limit=places.cache_limit,
        patience=patience,
        begin=not catalog.keeps_bytes(),
    )


def open_store(
    place: str | Path, *, cache: Path, cache_limit: int, patience: timedelta = PATIENCE, begin: bool = True
) -> Store:
    """The store at a folder's path, a ``file:`` URL, or ``s3://bucket/prefix``.

    ``cache`` is the folder for copies of what lies far away, ``cache_limit`` its size in bytes; ``patience`` is how
    long a service that does not answer is waited for. A folder that is not there is made if ``begin``: not where the
    catalog counts on bytes in it, for then its disk is away. Raises DbError when the place cannot be a store.
    """
    scheme = urlsplit(str(place)).scheme if isinstance(place, str) and "://" in place else ""
    match scheme:
        case "s3":
            return BucketStore(str(place), Cache(cache, limit=cache_limit), patience=patience)
        case "file":
            return FolderStore(Path(url2pathname(urlsplit(str(place)).path)), begin=begin)
        case "":
            return FolderStore(Path(place), begin=begin)
    raise DbError(f"no store can be reached by {scheme}:", "DUBLINE_STORE_URL", "give a folder or s3://BUCKET/PREFIX")
