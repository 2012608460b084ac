"""What befalls a studio at night: each fault strikes on the way in and is over on the way out."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.night.disk import full
from bench.night.studio import Studio
from bench.resident import descendants

# How long a run's process or an ffmpeg is looked for; of short titles they are there for a moment.
_LOOK_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.02
_GONE_SECONDS = 60.0
# Longer than a title's lease and the silence after which a run has crashed, and soon over.
_AHEAD_SECONDS = 600


class NotMetError(Exception):
    """There was nothing to strike."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by name, how long it lasts, and whether it kills what was at work (and so costs a step at most)."""

    name: str
    strike: Callable[[Studio, random.Random], AbstractContextManager[str]]
    seconds: float = 0.0
    kills: bool = True


def faults(studio: Studio, *, limited_disk: bool) -> list[Fault]:
    """What can be done to this studio, in the order of the first round."""
    found = [
        Fault("kill -9 of a worker", _worker),
        Fault("kill -9 of a task's ffmpeg", _ffmpeg),
        Fault("kill -9 of the Prefect server", _server, kills=False),
        Fault("kill -9 of PostgreSQL", _postgres, seconds=5.0, kills=False),
        Fault("the store out of reach for 60 s", _store, seconds=60.0, kills=False),
        Fault("the disk full for 60 s", _full, seconds=60.0, kills=False),
        Fault("kill -9 of a title's process", _title),
        Fault("kill -9 of a worker and its run", _machine),
        # Last: what was put off meanwhile waits for as long as the clock was ahead.
        Fault("the clock ten minutes ahead for 60 s", _clock, seconds=60.0, kills=False),
    ]
    out_of_reach = {
        _postgres if studio.databases.server is None else None,
        None if limited_disk else _full,
        _clock if studio.clock is None else None,
    }
    return [fault for fault in found if fault.strike not in out_of_reach]


@contextmanager
def _worker(studio: Studio, dice: random.Random) -> Iterator[str]:
    piece = dice.choice(studio.workers)
    assert piece.process is not None
    piece.process.kill()
    yield piece.name


@contextmanager
def _machine(studio: Studio, dice: random.Random) -> Iterator[str]:
    """A machine that goes down takes all of its processes with it."""
    worker, run = _find(studio, dice, "prefect.engine", parents=_workers_pids(studio))
    name = _workers_pids(studio)[worker]
    lost = [int(process.name) for process in descendants(worker)]
    for pid in (worker, *lost):
        _kill(pid)
    yield f"{name}, and run {run} with it"


@contextmanager
def _title(studio: Studio, dice: random.Random) -> Iterator[str]:
    titles = {pid: name for pid, name in _workers_pids(studio).items() if name.startswith("cpu")}
    _, run = _find(studio, dice, "prefect.engine", parents=titles)
    _kill(run)
    yield f"pid {run}"


@contextmanager
def _ffmpeg(studio: Studio, dice: random.Random) -> Iterator[str]:
    _, run = _find(studio, dice, "ffmpeg", parents=_workers_pids(studio))
    _kill(run)
    yield f"pid {run}"


@contextmanager
def _server(studio: Studio, dice: random.Random) -> Iterator[str]:
    assert studio.server.process is not None
    studio.server.process.kill()
    yield studio.server.name


@contextmanager
def _postgres(studio: Studio, dice: random.Random) -> Iterator[str]:
    server = studio.databases.server
    assert server is not None
    postmaster = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    backends = list(descendants(postmaster))
    server.stop(signal.SIGKILL)
    try:
        yield f"{len(backends)} processes"
    finally:
        # One that still holds the shared memory would keep the next server from starting.
        until = time.monotonic() + _GONE_SECONDS
        while any(process.exists() for process in backends) and time.monotonic() < until:
            time.sleep(0.1)
        server.start()


@contextmanager
def _store(studio: Studio, dice: random.Random) -> Iterator[str]:
    """As when a share is not mounted: there is nothing where the store was."""
    store = studio.home / "store"
    away = store.with_name("store.away")
    store.rename(away)
    try:
        yield str(store)
    finally:
        if store.exists():  # made anew by somebody who took its absence for a beginning
            store.rename(store.with_name(f"store.made-{time.time():.0f}"))
        away.rename(store)


@contextmanager
def _full(studio: Studio, dice: random.Random) -> Iterator[str]:
    with full(studio.disk):
        yield "store, scratch and deliveries"


@contextmanager
def _clock(studio: Studio, dice: random.Random) -> Iterator[str]:
    assert studio.clock is not None
    studio.clock.set(_AHEAD_SECONDS)
    try:
        yield "server and workers; then back"
    finally:
        studio.clock.set(0)


def _workers_pids(studio: Studio) -> dict[int, str]:
    return {piece.process.pid: piece.name for piece in studio.workers if piece.process is not None}


def _find(studio: Studio, dice: random.Random, sign: str, *, parents: Mapping[int, str]) -> tuple[int, int]:
    """A process with ``sign`` in its command line that comes from one of ``parents``: that one, and itself."""
    until = time.monotonic() + _LOOK_SECONDS
    while time.monotonic() < until:
        met = [
            (parent, int(process.name))
            for parent in parents
            for process in descendants(parent)
            if sign in _command(process)
        ]
        if met:
            return dice.choice(met)
        time.sleep(_LOOK_AGAIN_SECONDS)
    raise NotMetError(f"no {sign} within {_LOOK_SECONDS:.0f} s")


def _command(process: Path) -> str:
    """The words a process was started with, less those of the leash it may still be on."""
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""  # it ended while it was looked at
    return "" if "-I" in words[:2] else " ".join(words)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
