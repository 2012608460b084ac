"""One switch for the whole process: the work was asked to stop."""

from __future__ import annotations

import threading

_requested = threading.Event()


def request() -> None:
    """Ask every running step to stop at its next block."""
    _requested.set()


def reset() -> None:
    """Forget an earlier request; a run begins with this."""
    _requested.clear()


def requested() -> bool:
    """Whether the work was asked to stop."""
    return _requested.is_set()
