"""Runs ffmpeg: its own process group, structured progress, its words kept, never left behind."""

from __future__ import annotations

import logging
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from dubline.errors import BadInput, Cancelled, EnvironmentFault
from dubline.process import leashed

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
Cancel = Callable[[], bool]

_TAIL_LINES = 40
_POLL_SECONDS = 0.2
# A group that does not die on SIGKILL is stuck in the kernel; waiting longer would hang the caller too.
_REAP_SECONDS = 10.0
_HEAD = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-stats_period", "0.5", "-progress", "pipe:1")

# ffmpeg says these when the machine fails, not the media.
_MACHINE_FAULTS = (
    "No space left on device",
    "Read-only file system",
    "Permission denied",
    "Disk quota exceeded",
    "Cannot allocate memory",
    "Input/output error",
    "File too large",
)
_NO_PLACE = re.compile(r"Error opening output .*(No such file or directory|Is a directory|Not a directory)")
# ... and these after the line that says why.
_GENERIC = re.compile(
    r"conversion failed|error (opening|parsing) |task finished with error|terminating thread|"
    r"could not open encoder before eof|nothing was written|error sending frames|error writing trailer|"
    r"error while (filtering|opening)|exiting with",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(\[[^\]]* @ 0x[0-9a-f]+\] ?)+")


class _Chosen:
    """The binary a caller chose, for the whole process."""

    path: Path | None = None


def use(path: Path | None) -> None:
    """Choose the ffmpeg binary for this process (None: the one that comes as a wheel).

    Raises `EnvironmentFault` when it is missing or cannot be executed; the choice before stays then.
    """
    if path is not None and not (path.is_file() and os.access(path, os.X_OK)):
        raise EnvironmentFault("ffmpeg is missing or not executable", str(path), "point at an ffmpeg binary")
    _Chosen.path = path
    _version.cache_clear()


def binary() -> Path:
    """The binary in use; `EnvironmentFault` where there is none."""
    if _Chosen.path is not None:
        return _Chosen.path
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise EnvironmentFault("no ffmpeg on this machine", "imageio-ffmpeg", "reinstall, or choose one") from error


def version() -> str:
    """The version ffmpeg gives itself, such as ``7.1``; `EnvironmentFault` when it does not run."""
    return _version(binary())


@lru_cache(maxsize=4)
def _version(path: Path) -> str:
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, check=True, timeout=60)
        return said.stdout.split()[2]
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        raise EnvironmentFault("ffmpeg does not run", str(path), "point at a working ffmpeg binary") from error


def run(
    args: Sequence[str],
    *,
    where: str = "ffmpeg",
    duration_seconds: float | None = None,
    progress: Progress | None = None,
    cancelled: Cancel | None = None,
) -> None:
    """Run ffmpeg with ``args`` (everything after the global options) and wait for it.

    ``progress`` is called with microseconds done and ``duration_seconds`` in microseconds. The process and
    its children are killed on any exception and when this process dies. Raises `BadInput` (about ``where``)
    with ffmpeg's own reason, `EnvironmentFault` when the machine is at fault, `Cancelled` when asked to stop.
    """
    words: deque[str] = deque(maxlen=_TAIL_LINES)
    began = time.monotonic()
    process = _start([*_HEAD, *args])
    assert process.stdout is not None and process.stderr is not None
    listener = threading.Thread(target=_keep, args=(process.stderr, words), daemon=True)
    listener.start()
    try:
        _follow(process.stdout, total=round((duration_seconds or 0) * 1e6), progress=progress, cancelled=cancelled)
        code = process.wait()
        listener.join(_REAP_SECONDS)
    finally:
        _kill(process)
        listener.join(_REAP_SECONDS)
        process.stdout.close()
        process.stderr.close()
        log.info(
            "ffmpeg (%d) ended with %s after %.1f s: %s", process.pid, process.poll(), time.monotonic() - began, where
        )
    if code:
        raise _fault(code, list(words), where)


def _start(args: Sequence[str]) -> subprocess.Popen[bytes]:
    path = binary()
    try:
        return subprocess.Popen(
            leashed([str(path), *args]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise EnvironmentFault(f"ffmpeg cannot be started: {error.strerror}", str(path), "check the binary") from error


def _keep(stream: IO[bytes], words: deque[str]) -> None:
    for line in stream:
        words.append(line.decode("utf-8", "replace").rstrip())


def _follow(stdout: IO[bytes], *, total: int, progress: Progress | None, cancelled: Cancel | None) -> None:
    """Read ``-progress`` lines until ffmpeg closes its end, looking up often enough to be stopped."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            if cancelled is not None and cancelled():
                raise Cancelled("stopped on request", "ffmpeg", "run it again")
            if not selector.select(_POLL_SECONDS):
                continue
            chunk = os.read(stdout.fileno(), 65536)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                key, _, value = line.partition(b"=")
                if progress is not None and key == b"out_time_us" and value.strip().isdigit():
                    progress(min(int(value), total) if total else int(value), total)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_REAP_SECONDS)


def _fault(code: int, words: list[str], where: str) -> BadInput | EnvironmentFault:
    """The error that ``words``, ffmpeg's last lines, amount to."""
    lines = [_SPEAKER.sub("", line).strip() for line in words if line.strip()]
    telling = [line for line in lines if not _GENERIC.search(line)] or lines
    reason = telling[-1] if telling else f"exit status {code}"
    for fault in _MACHINE_FAULTS:
        if any(fault in line for line in lines):
            return EnvironmentFault(f"ffmpeg: {fault}", where, "make room or grant access, then run again")
    if any(_NO_PLACE.search(line) for line in lines):
        return EnvironmentFault("the place to write to is not there", where, "make the folder")
    if code < 0 or code == 128 + signal.SIGKILL:
        return EnvironmentFault(f"ffmpeg was killed ({reason})", where, "check memory, then run again")
    return BadInput(f"ffmpeg could not process it: {reason}", where, "check the media and the settings asked for")
