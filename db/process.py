"""Which process is this, and does that one still live? A pid alone is reused; with its start time it is not."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its host, pid, and when it started, as ``boot/pid namespace/kernel ticks``.

    ``started`` is empty where the system tells none of it.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> Owner:
        """The process that asks."""
        return cls(host=socket.gethostname(), pid=os.getpid(), started=_start_of(os.getpid()) or "")

    def is_here(self) -> bool:
        """Whether it belongs to this host, and to no other container there: those number their processes apart."""
        if self.host != socket.gethostname():
            return False
        boot, _, rest = self.started.partition("/")
        return boot != _boot() or rest.partition("/")[0] == _namespace()

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


def _boot() -> str:
    return _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""


def _namespace() -> str:
    return str(_NAMESPACE.stat().st_ino) if _NAMESPACE.exists() else ""


def _start_of(pid: int) -> str | None:
    """When a live process started (ticks: proc(5), /proc/pid/stat field 22); None when it is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot, namespace = _boot(), _namespace()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the command's name, in parentheses, may hold anything
    state, start_ticks = fields[0], fields[19]
    return None if state in "ZX" else f"{boot}/{namespace}/{start_ticks}"
