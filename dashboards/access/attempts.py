"""How often somebody may try to log in: counted in the audit, so that restarts and several desks change nothing."""

from __future__ import annotations

from datetime import timedelta

from db.catalog import Catalog

REFUSED = "log-in refused"
WITHIN = timedelta(minutes=15)
# A person mistypes; behind one address sits a whole office.
PER_NAME, PER_ADDRESS = 5, 25


def too_many(catalog: Catalog, name: str, address: str) -> bool:
    """Whether this name, or this address, was refused too often of late."""
    return (
        catalog.count_since(REFUSED, WITHIN, who=name) >= PER_NAME
        or catalog.count_since(REFUSED, WITHIN, address=address) >= PER_ADDRESS
    )
