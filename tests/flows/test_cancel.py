"""Ctrl-C in any stage: exit 130, nothing left running or lying about, and the next run goes on from there."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.flows.test_kill import assert_whole, finish, processes_of, start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("prefect_server"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc"),
]

_ATTEMPTS, _FROM_NOTHING = 6, 3


def asked(home: Path, question: str, *values: object) -> list[tuple[object, ...]]:
    """Rows of the catalog, which another process may just be making."""
    if not (home / "catalog.db").exists():
        return []
    with closing(sqlite3.connect(home / "catalog.db", timeout=30)) as connection:
        try:
            return connection.execute(question, values).fetchall()
        except sqlite3.OperationalError:
            return []


def is_running(home: Path, stage: str) -> bool:
    question = "select 1 from step join recipe on key = recipe_key where step.state = 'running' and stage = ?"
    return bool(asked(home, question, stage))


def cancelled_in(stage: str, home: Path, order: Path, out: Path) -> bool:
    """Start a run, and interrupt it while a step of ``stage`` is at work; whether that stage was met."""
    said = home.with_name("said")
    with said.open("wb") as stderr:
        run = start(home, "localize", str(order), "--out", str(out), "--json", stderr=stderr)
    assert run.stdout is not None
    try:
        while run.poll() is None:
            if is_running(home, stage):
                run.send_signal(signal.SIGSTOP)
                # A stopped process ends no step: what is running now is so when the interrupt arrives.
                met = is_running(home, stage)
                if met:
                    run.send_signal(signal.SIGINT)
                run.send_signal(signal.SIGCONT)
                if met:
                    assert run.wait(300) == 130, (stage, said.read_text())
                    return True
            time.sleep(0.004)
        assert run.returncode in (0, 4), (stage, said.read_text())
        return False
    finally:
        run.kill()
        run.stdout.close()


def cancel_in(stage: str, home: Path, order: Path, out: Path) -> None:
    """Cancel a run in ``stage``, however often that takes.

    A step that is over before it is seen takes the run to its end: then again from what was there before, and at last
    from nothing, as it may have been over when a step beside it was cancelled.
    """
    before = home.with_name("before")
    for attempt in range(_ATTEMPTS):
        if attempt == _FROM_NOTHING:
            shutil.rmtree(home)
        if home.exists():
            shutil.copytree(home, before)
        if cancelled_in(stage, home, order, out):
            shutil.rmtree(before, ignore_errors=True)
            return
        shutil.rmtree(home)
        shutil.rmtree(out)
        if before.exists():
            before.rename(home)
    pytest.fail(f"{stage} was over before it was seen, {_ATTEMPTS} times")


def assert_nothing_left(home: Path, out: Path, stage: str) -> None:
    deadline = time.monotonic() + 10
    while processes_of(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(home) == [], stage
    assert list((home / "scratch").iterdir()) == [], stage
    assert list((home / "store" / "incoming").iterdir()) == [], stage
    assert not out.exists(), stage
    assert asked(home, "select state, exit_code from run order by id desc limit 1") == [("cancelled", 130)], stage
    assert asked(home, "select 1 from step where state = 'running'") == [], stage
    assert asked(home, "select 1 from title_lock") == [], stage


def test_a_run_cancelled_in_every_stage_in_turn_arrives_whole(home: Path, sample: Path, tmp_path: Path) -> None:
    order, reference = sample / "order.yaml", tmp_path / "reference"
    finish(reference, "localize", str(order), "--out", str(tmp_path / "reference-out"), "--json")
    # What is made for the review desk comes after the title is delivered.
    stages = [
        str(stage)
        for (stage,) in asked(
            reference, "select stage from step join recipe on key = recipe_key group by stage order by min(step.id)"
        )
        if stage not in ("tiles", "thumbnails")
    ]
    assert {"demux", "separate", "detect", "clean", "mix", "conform", "remux", "check"} <= set(stages)
    for stage in stages:
        cancel_in(stage, home, order, tmp_path / "out")
        assert_nothing_left(home, tmp_path / "out", stage)
    assert_whole(home, tmp_path / "out", finish(home, "localize", str(order), "--out", str(tmp_path / "out"), "--json"))
