"""Small documents that steps made, read from the store; the last few stay in memory, for their bytes never change."""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any

import pyarrow.parquet as pq

from dashboards.desk import Desk

_KEPT = 64
_lock = Lock()
_read: OrderedDict[str, Any] = OrderedDict()


def read_json(desk: Desk, sha256: str) -> Any:
    """The JSON document kept under this hash; not to be changed. Raises DbError."""
    with _lock:
        if sha256 in _read:
            _read.move_to_end(sha256)
            return _read[sha256]
    with desk.store.lend(desk.catalog.asset(sha256)) as path:
        body = json.loads(path.read_text(encoding="utf-8"))
    with _lock:
        _read[sha256] = body
        while len(_read) > _KEPT:
            _read.popitem(last=False)
    return body


def read_columns(desk: Desk, sha256: str, columns: list[str]) -> dict[str, list[float | None]]:
    """These columns of the Parquet file kept under this hash. Raises DbError."""
    with desk.store.lend(desk.catalog.asset(sha256)) as path:
        table = pq.read_table(path, columns=columns)
    return {name: table.column(name).to_pylist() for name in columns}
