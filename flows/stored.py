"""Small documents that steps made, read back from the store."""

from __future__ import annotations

import json
from typing import Any

from tasks.context import means
from tasks.rehearsal import rehearsal


def read_json(sha256: str) -> dict[str, Any]:
    """The JSON object kept under this hash; in a rehearsal, of what is not made yet, the one that stands now."""
    using, held = means(), rehearsal()
    sha256 = held.readable(sha256) if held is not None else sha256
    with using.store.lend(using.catalog.asset(sha256)) as path:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body
