"""A log file that many processes write to at once, set aside when it is full."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import sys
from pathlib import Path


class SharedFile(logging.Handler):
    """Appends each line in one write, so that lines of several processes never mix.

    When the file would exceed ``limit`` bytes (by no more than a line of each writer) it becomes ``NAME.1``, that one
    ``NAME.2``, and so on up to ``keep``; who finds it full does so under a lock. What cannot be written is dropped, and
    said once: a full log disk is no reason to stop a title.
    """

    def __init__(self, path: Path, *, limit: int, keep: int) -> None:
        super().__init__()
        self.path = path.absolute()
        self._limit = limit
        self._keep = keep
        self._descriptor = -1
        self._silenced = False
        self._open()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            self._write((self.format(record) + "\n").encode("utf-8", "backslashreplace"))
        except OSError as error:
            if not self._silenced:
                self._silenced = True
                sys.stderr.write(f"warning: the log cannot be written ({self.path}): {error.strerror}\n")

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        super().close()

    def _write(self, line: bytes) -> None:
        if not self._is_current():
            self._open()
        if os.fstat(self._descriptor).st_size + len(line) > self._limit:
            self._set_aside(len(line))
        os.write(self._descriptor, line)

    def _is_current(self) -> bool:
        """Whether the open file still has the name: another process, or logrotate, may have set it aside."""
        try:
            named = self.path.stat()
        except FileNotFoundError:
            return False
        opened = os.fstat(self._descriptor)
        return (named.st_ino, named.st_dev) == (opened.st_ino, opened.st_dev)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor

    def _set_aside(self, coming: int) -> None:
        with self.path.with_name(f".{self.path.name}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            size = self.path.stat().st_size if self.path.exists() else 0
            if size and size + coming > self._limit:
                self._shift()
        self._open()

    def _shift(self) -> None:
        names = [self.path, *(self.path.with_name(f"{self.path.name}.{n}") for n in range(1, self._keep + 1))]
        names[-1].unlink(missing_ok=True)
        for newer, older in reversed(list(itertools.pairwise(names))):
            if newer.exists():
                newer.replace(older)
