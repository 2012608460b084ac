"""Whether a dub runs with the dialogue it replaces."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.mixing.sync.check import check_sync
from tasks.step import Made, Work, step


@step("sync", version=2, tools=("soxr",))
def sync(work: Work, dub_dx: Path, dx: Path) -> Made:
    """Find the offset and the speed of a placed dub against the original dialogue; changes nothing."""
    report = check_sync(dub_dx, dx, progress=work.progress, cancelled=work.cancelled)
    out = work.scratch / "sync.json"
    out.write_text(json.dumps(report.to_json(), sort_keys=True), encoding="utf-8")
    return Made({"sync": out}, {"in_sync": report.in_sync, "method": report.method, "summary": report.summary})
