"""`dubline up` for a test: a server and workers of its own, stopped at the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows.server import free_port

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]
_START_SECONDS, _STOP_SECONDS = 600, 120


@contextmanager
def studio_up(log: Path, *, gpu_workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """A studio of one title at a time in this process's DUBLINE_HOME; what it says is in ``log``."""
    with log.open("wb") as said:
        command = [*DUBLINE, "up", "--port", str(free_port()), "--titles", "1", "--gpu-workers", str(gpu_workers)]
        up = subprocess.Popen(command, stderr=said, start_new_session=True)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while b"Prefect at" not in log.read_bytes():
            assert up.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        yield up
    finally:
        up.terminate()
        try:
            up.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            up.kill()
            raise
