"""Small documents that steps made, read back from the store."""

from __future__ import annotations

import json
from typing import Any

from db.errors import NotFound
from tasks.context import means
from tasks.rehearsal import rehearsal
from tasks.step import StepResult


def recorded(key: str) -> StepResult:
    """What the step of this recipe gave when it was done; raises `NotFound`."""
    found = means().catalog.find_outputs(key)
    if found is None:
        raise NotFound("a step is no longer in the catalog", key, "make the deliverable again")
    outputs = {role: asset.sha256 for role, asset in found.outputs.items()}
    return StepResult("recorded", key, [], outputs, dict(found.measurements))


def read_json(sha256: str) -> dict[str, Any]:
    """The JSON object kept under this hash; in a rehearsal, of what is not made yet, the one that stands now."""
    using, held = means(), rehearsal()
    sha256 = held.readable(sha256) if held is not None else sha256
    with using.store.lend(using.catalog.asset(sha256)) as path:
        body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body
