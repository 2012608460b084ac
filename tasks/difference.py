"""What a new candidate does otherwise than the deliverable it stands beside."""

from __future__ import annotations

import json
from pathlib import Path

from dubline.quality.difference import compare, to_json
from tasks.step import Made, Work, step


@step("difference", version=1)
def difference(work: Work, check_before: Path, check: Path, report_before: Path, report: Path) -> Made:
    """Compare two checks of one place and the reports of the cleaning behind them."""
    before, after, left, leaves = (
        json.loads(path.read_text(encoding="utf-8")) for path in (check_before, check, report_before, report)
    )
    body = to_json(compare(before, after, report_before=left, report=leaves))
    out = work.scratch / "difference.json"
    out.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return Made({"difference": out}, {f"changes_{turn}": count for turn, count in body["summary"].items()})
