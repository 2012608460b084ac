"""What a process owes the machine: children that never outlive it, memory given back when it is done with."""

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
_LARGE_BYTES = 1 << 20


def give_memory_back() -> None:
    """Let freed blocks of a megabyte and more go back to the kernel at once, where the C library is glibc.

    By default glibc raises that limit to 32 MiB as such blocks come and go, and keeps a heap for every thread: six
    minutes of a title in many threads peaked at 964 MiB that way, and at 704 MiB this way (bench/localize.py). Call
    before threads start; it changes no result.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in (
            (_M_MMAP_THRESHOLD, _LARGE_BYTES),
            (_M_TRIM_THRESHOLD, _LARGE_BYTES),
            (_M_ARENA_MAX, 2),
        ):
            mallopt(parameter, value)
