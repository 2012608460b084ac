"""The studio's own speech recognition checkpoint: a file in openai-whisper's format, known by its hash."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from dubline.errors import EnvironmentFault

PACKAGE = "openai-whisper"
_SETTING = "DUBLINE_ASR_MODEL"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this disk. ``made_for`` names the package that runs it, with its version."""

    path: Path
    name: str
    sha256: str
    made_for: str


def find_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint at ``path``; an unchanged file is hashed once in a process.

    Raises `EnvironmentFault` when the file or the package is missing.
    """
    if importlib.util.find_spec("whisper") is None:
        mend = "install the extra asr (pip install 'dubline[asr]') or unset it"
        raise EnvironmentFault(f"{PACKAGE} is not installed", _SETTING, mend)
    try:
        state = path.stat()
        sha256 = _hash(path, (state.st_size, state.st_mtime_ns, state.st_ino))
    except OSError as error:
        mend = f"set {_SETTING} to a checkpoint file or unset it"
        raise EnvironmentFault(f"cannot read the checkpoint: {error.strerror}", str(path), mend) from error
    return Checkpoint(path, path.stem, sha256, f"{PACKAGE} {version(PACKAGE)}")


@lru_cache(maxsize=8)
def _hash(path: Path, fingerprint: tuple[int, int, int]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
