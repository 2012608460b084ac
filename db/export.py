"""The whole catalog as Parquet, one file per table, for whoever asks questions with other tools."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Boolean, Column, Date, Double, Integer, Table, select
from sqlalchemy.orm import Session

from db.connection import Database
from db.errors import DbError
from db.models import Base
from db.models.base import UtcDateTime

_ROWS_AT_ONCE = 10_000  # keeps memory flat however large a table grows
_ARROW = (
    (UtcDateTime, pa.timestamp("us", tz="UTC")),
    (Date, pa.date32()),
    (Boolean, pa.bool_()),
    (BigInteger, pa.int64()),
    (Integer, pa.int64()),
    (Double, pa.float64()),
)


class Export(Database):
    """Taking the catalog elsewhere."""

    def export(self, folder: Path) -> dict[str, int]:
        """Write every table to ``folder/<table>.parquet``, from one moment's view; returns rows per table.

        All files are complete before the first gets its name. Raises DbError when the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            working = Path(tempfile.mkdtemp(prefix=".export-", dir=folder))
            try:
                with self.read() as session:
                    rows = write_tables(session, working)
                for name in rows:
                    (working / f"{name}.parquet").replace(folder / f"{name}.parquet")
            finally:
                shutil.rmtree(working, ignore_errors=True)
        except OSError as error:
            raise DbError(
                f"cannot write the export: {error.strerror}", str(folder), "give a writable folder"
            ) from error
        return rows


def write_tables(session: Session, folder: Path) -> dict[str, int]:
    """Write every table to ``folder/<table>.parquet``; returns rows per table."""
    return {
        table.name: _write(session, table, folder / f"{table.name}.parquet") for table in Base.metadata.sorted_tables
    }


def _write(session: Session, table: Table, path: Path) -> int:
    schema = pa.schema([pa.field(column.name, _arrow(column), nullable=bool(column.nullable)) for column in table.c])
    total = 0
    with pq.ParquetWriter(path, schema) as writer:
        result = session.execute(
            select(table).order_by(*table.primary_key), execution_options={"yield_per": _ROWS_AT_ONCE}
        )
        for part in result.partitions():
            rows = [{name: _value(value) for name, value in row._mapping.items()} for row in part]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
            total += len(rows)
    return total


def _arrow(column: Column[Any]) -> pa.DataType:
    for sql, arrow in _ARROW:
        if isinstance(column.type, sql):
            return arrow
    return pa.string()


def _value(value: Any) -> Any:
    """JSON columns as their text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict | list) else value
