"""What every file of a delivery weighs and hashes to, as clients' intake systems ask for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from dubline.errors import Cancelled
from tasks.step import Made, Work, step

_CHUNK_BYTES = 1 << 20


@step("checksums", version=1)
def checksums(work: Work, files: list[Path], *, names: list[str]) -> Made:
    """Sizes, SHA-256 and MD5 of ``files``, and the list that ``sha256sum --check`` reads beside them."""
    digests = []
    for done, (path, name) in enumerate(zip(files, names, strict=True)):
        work.progress(done, len(files))
        digests.append({"name": name, **_digest(path, work)})
    found, listing = work.scratch / "checksums.json", work.scratch / "checksums.sha256"
    found.write_text(json.dumps(digests, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    listing.write_text("".join(f"{item['sha256']}  {item['name']}\n" for item in digests), encoding="utf-8")
    return Made({"digests": found, "listing": listing})


def _digest(path: Path, work: Work) -> dict[str, str | int]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if work.cancelled():
                raise Cancelled("stopped", path.name, "run it again")
            sha256.update(chunk)
            md5.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": sha256.hexdigest(), "md5": md5.hexdigest()}
