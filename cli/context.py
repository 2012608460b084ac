"""What a command that asks the catalog works with."""

from __future__ import annotations

from db.catalog import Catalog
from db.store import Store
from tasks.context import means


def open_catalog() -> Catalog:
    """The catalog of this machine's settings."""
    return means().catalog


def open_store() -> Store:
    """The store of this machine's settings."""
    return means().store
