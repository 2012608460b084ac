"""Trying again what may pass: a database that restarts, a store out of reach, a full disk; never a wrong input."""

from __future__ import annotations

import errno
import logging
import random
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx

from db.errors import Conflict, Corrupt, DbError, LockLost, NotFound, RunEnded, TitleBusy
from dubline.errors import Cancelled, EnvironmentFault

log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 30.0
# Many that failed together do not come back together.
_JITTER = 0.2
_LOOK_UP_SECONDS = 0.2

# Faults of a disk or a network that mend themselves, or that somebody is mending.
_PASSING = {
    errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
    errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.EPIPE, errno.EHOSTUNREACH, errno.ENETUNREACH,
}  # fmt: skip

T = TypeVar("T")


def may_pass(error: BaseException) -> bool:
    """Whether the same call may go well a minute later; never so for bad input, a cancelled run or a bug."""
    match error:
        case NotFound() | Conflict() | Corrupt() | TitleBusy() | LockLost() | RunEnded():
            return False
        case EnvironmentFault() | DbError() | httpx.TransportError():
            return True
        case httpx.HTTPStatusError():
            return error.response.is_server_error
        case OSError():
            return error.errno in _PASSING
    return False


def patiently(call: Callable[[], T], *, seconds: float, stop: Callable[[], bool], what: str) -> T:
    """What ``call`` gives; an error that may pass is met by trying again, for ``seconds`` from the first one on.

    The pauses double from 1 to 30 s. Raises the last error, any other at once, and `Cancelled` when ``stop()`` is true
    during a pause.
    """
    until: float | None = None
    for pause in _pauses():
        try:
            return call()
        except Exception as error:
            now = time.monotonic()
            until = now + seconds if until is None else until
            if not may_pass(error) or now + pause > until:
                raise
            log.warning("%s: %s; again in %.0f s", what, error, pause)
        _wait(pause, stop, what)
    raise AssertionError("pauses do not end")


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause * random.uniform(1 - _JITTER, 1 + _JITTER)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _wait(seconds: float, stop: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if stop():
            raise Cancelled("stopped on request", what, "run it again")
        time.sleep(min(left, _LOOK_UP_SECONDS))
