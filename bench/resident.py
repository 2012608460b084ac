"""How much memory the processes hold that this one has started, and those that they have (Linux)."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

_SECONDS = 1.0
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20
# Words in a command line -> what to call the process.
_KINDS = {
    "postgres": "PostgreSQL",
    "uvicorn": "Prefect server",
    "worker start": "worker",
    "prefect.engine": "flow run",
    "ffmpeg": "ffmpeg",
}


@dataclass
class Resident:
    """The most seen, in MiB: of one process by kind, and of all together, where shared pages count for each."""

    largest: dict[str, float] = field(default_factory=dict)
    together: float = 0.0

    def look(self) -> None:
        """Count what is there now."""
        total = 0.0
        for process in descendants(os.getpid()):
            with suppress(OSError):  # it ended while it was looked at
                mib = int((process / "statm").read_text().split()[1]) * _PAGE_MIB
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                kind = next((name for sign, name in _KINDS.items() if sign in words), "other")
                self.largest[kind] = max(self.largest.get(kind, 0.0), mib)
                total += mib
        self.together = max(self.together, total)


def descendants(pid: int) -> Iterator[Path]:
    """Folders in /proc of the processes that come from ``pid``, itself not among them."""
    children: dict[int, list[int]] = defaultdict(list)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # After the name, which may hold anything: state, parent.
            parent = int((process / "stat").read_text().rpartition(") ")[2].split()[1])
            children[parent].append(int(process.name))
    waiting = list(children[pid])
    while waiting:
        one = waiting.pop()
        waiting += children[one]
        yield Path("/proc") / str(one)


@contextmanager
def watched() -> Iterator[Resident]:
    """Look once a second while the context lasts."""
    seen, done = Resident(), threading.Event()

    def look() -> None:
        while not done.wait(_SECONDS):
            seen.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
