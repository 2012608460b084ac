"""Processes that belong together on one machine: started, started again when they die, stopped in order."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dubline.process import leashed

_POLL_SECONDS = 0.5
# After a start that did not last: long enough that a broken piece costs nothing, short enough to be back soon.
_PAUSES_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
# A piece that lived this long was well; its next pause is the shortest again.
_WELL_SECONDS = 120.0
# What a piece is given to end by itself: a worker's runs stop at their next block.
_STOP_SECONDS = 45.0


@dataclass(slots=True)
class Piece:
    """One process: its name, its command line and environment, and the file its words go to."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _started: float = 0.0
    _deaths: int = field(default=0)
    _again_at: float = 0.0

    def start(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, so that Ctrl-C is ours to pass on; it never outlives this process."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                leashed(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started = time.monotonic()
        return self.process

    def tend(self, say: Callable[[str], object]) -> None:
        """Start it again when it has died, after a pause that grows with each death."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            self._deaths = 1 if now - self._started > _WELL_SECONDS else self._deaths + 1
            pause = _PAUSES_SECONDS[min(self._deaths, len(_PAUSES_SECONDS)) - 1]
            say(f"{self.name} ended with {self.process.returncode}; again in {pause:g} s ({self.log})")
            self.process, self._again_at = None, now + pause
        if self.process is None and now >= self._again_at:
            self.start()

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stop:
    """Whether Ctrl-C or TERM has asked this process to end; a second time ends it at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def tend(pieces: Sequence[Piece], stop: Stop, say: Callable[[str], object]) -> None:
    """Keep all pieces going until asked to stop; then they are stopped, the last first."""
    try:
        while not stop.asked:
            for piece in pieces:
                piece.tend(say)
            time.sleep(_POLL_SECONDS)
    finally:
        stop_all(pieces)


def stop_all(pieces: Sequence[Piece]) -> None:
    """Stop the pieces, the last first: what depends on another goes before it."""
    for piece in reversed(pieces):
        piece.stop()
