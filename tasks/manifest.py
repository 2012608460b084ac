"""The sidecar of a delivery: hashes, languages, measurements, lineage ids."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tasks.step import Made, Work, step


@step("manifest", version=1)
def manifest(work: Work, listed: list[Path], *, body: dict[str, Any]) -> Made:
    """Write the manifest of a title; ``listed`` are the files it names, so that the catalog can trace it to them."""
    out = work.scratch / "manifest.json"
    out.write_text(json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    return Made({"manifest": out})
