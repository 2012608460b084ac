"""Small documents that steps made, read back from the store."""

from __future__ import annotations

import json
from typing import Any

from tasks.context import means


def read_json(sha256: str) -> dict[str, Any]:
    """The JSON object kept under this hash."""
    using = means()
    body: dict[str, Any] = json.loads(using.store.path(using.catalog.asset(sha256)).read_text(encoding="utf-8"))
    return body
