"""Who is alive is told by pid and start time together."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace

from db.process import Owner


def test_this_process_lives() -> None:
    me = Owner.current()
    assert me.pid == os.getpid()
    assert me.is_here()
    assert not me.is_dead()


def test_a_pid_used_again_is_another_process() -> None:
    assert replace(Owner.current(), started="some other boot/1").is_dead()


def test_of_another_host_nothing_is_certain() -> None:
    far = replace(Owner.current(), host="elsewhere", pid=2**22 - 1)
    assert not far.is_here()
    assert not far.is_dead()


def test_of_another_container_on_this_host_nothing_is_certain() -> None:
    """It may have this host's name, and its pid 7 is another process than ours."""
    me = Owner.current()
    boot, namespace, ticks = me.started.split("/")
    other = replace(me, started=f"{boot}/{int(namespace) + 1}/{ticks}", pid=2**22 - 1)
    assert not other.is_here()
    assert not other.is_dead()


def test_a_killed_process_is_dead(python: Callable[..., subprocess.Popen[str]]) -> None:
    process = python(
        "from db.process import Owner; import time; print(Owner.current().started, flush=True); time.sleep(60)"
    )
    assert process.stdout is not None
    owner = replace(Owner.current(), pid=process.pid, started=process.stdout.readline().strip())
    assert not owner.is_dead()
    process.send_signal(signal.SIGSTOP)
    assert not owner.is_dead()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert owner.is_dead()
