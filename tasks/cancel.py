"""Asking work to stop: the whole process, or the rest of a run one of whose steps has failed."""

from __future__ import annotations

import threading

_requested = threading.Event()
_causes: dict[int, BaseException] = {}


def request() -> None:
    """Ask every running step of this process to stop at its next block."""
    _requested.set()


def begin(run_id: int) -> None:
    """A run starts: what another catalog's run of this number ended with is forgotten."""
    _causes.pop(run_id, None)


def fail(run_id: int, cause: BaseException) -> None:
    """Ask the other steps of a run to stop; only the first cause is kept, later ones follow from it."""
    _causes.setdefault(run_id, cause)


def cause(run_id: int) -> BaseException | None:
    """What made a run fail first."""
    return _causes.get(run_id)


def requested(run_id: int | None = None) -> bool:
    """Whether the work (of this run) was asked to stop."""
    return _requested.is_set() or run_id in _causes
