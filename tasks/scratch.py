"""Scratch folders: one per running step, swept when their process is gone."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from db.process import answers
from dubline.errors import EnvironmentFault


@contextmanager
def scratch_folder(root: Path, *, mend: str = "set DUBLINE_HOME to a writable folder") -> Iterator[Path]:
    """A folder of this process alone, removed on the way out; `EnvironmentFault` when it cannot be made."""
    folder = root / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise EnvironmentFault(f"cannot make a working folder: {error.strerror}", str(root), mend) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove what processes of this host that no longer run have left behind."""
    if not root.is_dir():
        return
    for folder in root.iterdir():
        host, _, rest = folder.name.rpartition("-")[0].rpartition("-")
        if host == socket.gethostname() and rest.isdigit() and not answers(int(rest)):
            shutil.rmtree(folder, ignore_errors=True)
