"""What every table shares: naming of constraints, UTC time, JSON, and checked words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase

# Every constraint is named, so that a later migration can find and alter it on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, aware in Python; SQLite has no time zones, so it keeps the UTC wall clock."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware datetime to the database; a naive one is refused because its zone would be a guess."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the catalog must carry its time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Database value to an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON_TYPE = JSON().with_variant(postgresql.JSONB(), "postgresql")


class Base(DeclarativeBase):
    """The catalog's tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON_TYPE, list[Any]: JSON_TYPE}  # noqa: RUF012


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def one_of(column: str, words: Sequence[str]) -> CheckConstraint:
    """A CHECK that ``column`` holds one of ``words``, the same text on every database."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def is_sha256(column: str) -> CheckConstraint:
    """A CHECK that ``column`` has the length of a hexadecimal SHA-256 digest."""
    return CheckConstraint(f"length({column}) = 64", name=column)
