"""Small documents that steps made, read back from the store."""

from __future__ import annotations

import json
from typing import Any

from tasks.context import means


def read_json(sha256: str) -> dict[str, Any]:
    """The JSON object kept under this hash."""
    using = means()
    with using.store.lend(using.catalog.asset(sha256)) as path:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body
