"""Tells whether the sample title in a folder is already what would be built there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from dubline.media import ffmpeg

STAMP = "built.json"


def recipe(layouts: Sequence[str], frames: int) -> str:
    """A digest of all the title is made from: this folder's code and sources, what is asked for, and ffmpeg."""
    digest = hashlib.sha256(json.dumps([list(layouts), frames, ffmpeg.version()]).encode())
    folder = Path(__file__).parent
    for path in sorted((*folder.glob("*.py"), *(folder / "sources").iterdir())):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def holds(folder: Path, wanted: str) -> bool:
    """Whether ``folder`` was built by the recipe ``wanted`` and every file of it is still as it was."""
    try:
        body = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        same = all(_sha256(folder / name) == digest for name, digest in body["files"].items())
        return bool(body["recipe"] == wanted and same)
    except (OSError, ValueError, KeyError):
        return False


def write(folder: Path, made_by: str, files: Sequence[Path]) -> None:
    """Note that ``files`` in ``folder`` were built by the recipe ``made_by``."""
    digests = {str(path.relative_to(folder)): _sha256(path) for path in files}
    body = json.dumps({"recipe": made_by, "files": digests}, indent=1)
    (folder / STAMP).write_text(body + "\n", encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
