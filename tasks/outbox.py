"""Events on their way to a file or an HTTP endpoint; whoever hands one in never waits, whatever is at the other end."""

from __future__ import annotations

import atexit
import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
Send = Callable[[bytes], None]

# A feature's run has some hundred events; more than this wait only for an endpoint that is long gone.
_MOST_WAITING = 2000
_TIMEOUT = httpx.Timeout(5.0, connect=2.0)
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
# What the end of a process waits for an endpoint that answers.
_LAST_SECONDS = 3.0


class Refused(Exception):
    """The endpoint answered that it will not take the event: asking again would not help."""


class Outbox:
    """A bounded queue and the thread that empties it; made on first use, one for each address."""

    def __init__(self, url: str) -> None:
        self._send = sender(url)
        self._where = _without_password(url)
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)
        self._changed = threading.Condition()
        self._reachable = True
        self._warned = False
        threading.Thread(target=self._deliver, name="outbox", daemon=True).start()

    def put(self, event: Event) -> None:
        """Queue an event; the oldest gives way where too many wait."""
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        with self._changed:
            self._waiting.append(line)
            self._changed.notify_all()

    def flush(self, seconds: float = _LAST_SECONDS) -> None:
        """Wait until all is sent, but no longer than so many seconds, and not at all for an endpoint that is away."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or not self._reachable, seconds)

    def _deliver(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting))
                line = self._waiting[0]
            sent = self._try(line)
            with self._changed:
                self._reachable = sent
                # It may have given way to a newer one meanwhile.
                if sent and self._waiting and self._waiting[0] is line:
                    self._waiting.popleft()
                self._changed.notify_all()
            if sent:
                pause = _FIRST_PAUSE_SECONDS
            else:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _try(self, line: bytes) -> bool:
        """Whether the event is dealt with: sent, or refused for good."""
        try:
            self._send(line)
        except Refused as error:
            self._warn(error)
        except (httpx.HTTPError, OSError) as error:
            self._warn(error)
            return False
        return True

    def _warn(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            log.warning("events cannot be sent to %s: %s; said once", self._where, error or type(error).__name__)


def sender(url: str) -> Send:
    """How an event reaches ``url`` (``file:///…``, ``http(s)://…``); raises `ValueError` for any other."""
    parts = urlsplit(url)
    match parts.scheme:
        case "file" if parts.path:
            return _to_file(Path(unquote(parts.path)))
        case "http" | "https" if parts.hostname:
            return _to_endpoint(url)
    raise ValueError(f"{_without_password(url)} is neither file:///PATH nor http(s)://HOST/PATH")


def _to_file(path: Path) -> Send:
    def send(line: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One write: lines of several processes never mix.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.write(descriptor, line + b"\n")
        finally:
            os.close(descriptor)

    return send


def _to_endpoint(url: str) -> Send:
    client = httpx.Client(timeout=_TIMEOUT)

    def send(line: bytes) -> None:
        answer = client.post(url, content=line, headers={"Content-Type": "application/json"})
        if answer.is_client_error and answer.status_code not in (408, 429):
            raise Refused(f"{answer.status_code} {answer.reason_phrase}")
        answer.raise_for_status()

    return send


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


_lock = threading.Lock()
_opened: dict[str, Outbox] = {}


def outbox(url: str) -> Outbox:
    """The outbox of this process for ``url``; what it holds is given a moment when the process ends."""
    with _lock:
        if url not in _opened:
            _opened[url] = Outbox(url)
            atexit.register(_opened[url].flush)
        return _opened[url]
