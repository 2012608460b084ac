"""Questions to a night's catalog, whichever database it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import create_engine, text

from tasks.settings import Settings


def ask(query: str) -> Sequence[Any]:
    """Rows of the catalog that this process's settings name."""
    engine = create_engine(Settings.load().catalog_url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.connect() as connection:
            return connection.execute(text(query)).all()
    finally:
        engine.dispose()


def moment(value: datetime | str) -> datetime:
    """SQLite gives text without a zone: it is UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else datetime.fromisoformat(f"{found.isoformat()}+00:00")
