"""What a process owes the machine: children that never outlive it, a bound on the memory it keeps."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence

# Asks the kernel to kill the child when its parent dies (prctl PR_SET_PDEATHSIG = 1, SIGKILL = 9), then becomes
# it. It runs in a fresh interpreter because code between fork and exec is not safe in a threaded process.
_LEASH = (
    "import ctypes,os,sys\n"
    "ctypes.CDLL(None).prctl(1, 9)\n"
    "if os.getppid() != int(sys.argv[1]): os._exit(137)\n"
    "os.execv(sys.argv[2], sys.argv[2:])"
)


def leashed(command: Sequence[str]) -> list[str]:
    """``command`` (its first word a path), so that it dies with this process where the kernel offers that."""
    if sys.platform != "linux":
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid()), *command]


_SET_PARENT_DEATH_SIGNAL, _KILL = 1, 9


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies, where the kernel offers that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, _KILL)


# mallopt parameters (glibc, malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
# The most glibc takes; a fixed limit, where its own would drift with what was freed.
_LARGE_BYTES = 32 << 20
_SPARE_BYTES = 128 << 20


def bound_memory() -> None:
    """Few heaps, and freed memory beyond a spare goes back to the kernel, where the C library is glibc.

    By default it keeps a heap for every thread. What goes back is dearly fetched again, page by page: with a limit of
    1 MiB separation spent as long in the kernel as in its products, and training longer. Call before threads start; it
    changes no result.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (_M_MMAP_THRESHOLD, _LARGE_BYTES),
            (_M_TRIM_THRESHOLD, _SPARE_BYTES),
            (_M_ARENA_MAX, 2),
        ):
            mallopt(parameter, value)
