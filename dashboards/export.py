"""Tables as CSV and Parquet, written some rows at a time."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from db.catalog import Catalog
from db.reports import Table, columns_of

# A spreadsheet takes what begins so for a formula (OWASP, CSV injection).
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_BLOCK = 1024 * 1024
_ARROW = {
    "deliverable_id": pa.int64(), "due": pa.date32(), "wanted": pa.bool_(), "changed_at": pa.timestamp("us", tz="UTC"),
    "created_at": pa.timestamp("us", tz="UTC"), "checked_at": pa.timestamp("us", tz="UTC"),
    "decided_at": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


def as_csv(catalog: Catalog, table: Table) -> Iterator[bytes]:
    """The table as CSV (RFC 4180, UTF-8), with a line of names."""
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(columns_of(table))
    for rows in catalog.table(table):
        writer.writerows([_cell(value) for value in row.values()] for row in rows)
        yield _taken(page)
    yield _taken(page)


def as_parquet(catalog: Catalog, table: Table) -> Iterator[bytes]:
    """The table as Parquet: written to a temporary file first, its index stands at the end."""
    schema = pa.schema([pa.field(name, _ARROW.get(name, pa.string())) for name in columns_of(table)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for rows in catalog.table(table):
                plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
                writer.write_table(pa.Table.from_pylist(plain, schema=schema))
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _taken(page: io.StringIO) -> bytes:
    data = page.getvalue().encode()
    page.seek(0)
    page.truncate()
    return data


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case date() | datetime():
            return value.isoformat()
        case str() if value.startswith(_FORMULAS):
            return f"'{value}"
        case _:
            return str(_plain(value))


def _plain(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict | list) else value
