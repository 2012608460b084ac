"""Which process is this, and does that one still live? A pid alone is reused; with its start time it is not."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its host, pid, and when it started (boot and kernel ticks; empty where the system tells neither)."""

    host: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> Owner:
        """The process that asks."""
        return cls(host=socket.gethostname(), pid=os.getpid(), started=_start_of(os.getpid()) or "")

    def is_here(self) -> bool:
        """Whether it belongs to this host."""
        return self.host == socket.gethostname()

    def is_dead(self) -> bool:
        """True only when it is certain: on this host, and no live process has this pid and start time."""
        if not self.is_here():
            return False
        if not _BOOT_ID.exists():
            return not answers(self.pid)
        return _start_of(self.pid) != self.started


def answers(pid: int) -> bool:
    """Whether some process of this host has this pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str | None:
    """Boot and start tick of a live process (proc(5), /proc/pid/stat field 22); None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the command's name, in parentheses, may hold anything
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{start_ticks}"
