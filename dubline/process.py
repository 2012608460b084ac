"""Child processes that never outlive us."""

from __future__ import annotations

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
