"""Processes that belong together: what dies is started again, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from db.process import answers
from flows.supervisor import Piece, stop_all


def piece(tmp_path: Path, program: str) -> Piece:
    return Piece("piece", [sys.executable, "-c", program], os.environ, tmp_path / "logs" / "piece.log")


def tend_until(one: Piece, said: list[str], seconds: float, condition: object) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        one.tend(said.append)
        time.sleep(0.05)


def test_what_is_killed_is_started_again_and_said(tmp_path: Path) -> None:
    one, said = piece(tmp_path, "import time; print('here', flush=True); time.sleep(60)"), []
    first = one.start()
    first.send_signal(signal.SIGKILL)
    first.wait()
    tend_until(one, said, 20, lambda: one.process is not None and one.process is not first)
    assert one.process is not None and one.process.poll() is None
    assert len(said) == 1 and "piece ended with -9" in said[0]
    stop_all([one])
    assert one.process.poll() is not None


def test_a_piece_that_cannot_live_is_started_ever_more_rarely(tmp_path: Path) -> None:
    one, said = piece(tmp_path, "raise SystemExit(3)"), []
    tend_until(one, said, 30, lambda: len(said) == 2)
    pauses = [float(words.partition("again in ")[2].partition(" s")[0]) for words in said]
    assert pauses[0] < pauses[1]


def test_pieces_do_not_outlive_the_one_who_started_them(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path; from flows.supervisor import Piece;"
        "one = Piece('p', [sys.executable, '-c', 'import time; time.sleep(60)'], os.environ, Path(sys.argv[1]));"
        "print(one.start().pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "log")], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert answers(child)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 20
    while answers(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not answers(child)
