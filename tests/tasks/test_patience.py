"""What may pass is tried again for as long as was said, and nothing else is."""

from __future__ import annotations

import errno
import time
from pathlib import Path

import httpx
import pytest

from db.errors import Conflict, DbError, NotFound, RunEnded, TitleBusy
from dubline.errors import BadInput, Cancelled, CheckFailed, EnvironmentFault
from tasks.patience import may_pass, patiently

ABOUT = ("what", "where", "mend")


def answered(status: int) -> httpx.HTTPStatusError:
    """What a client raises for an answer of the Prefect server."""
    request = httpx.Request("GET", "http://prefect.studio/api/flow_runs")
    return httpx.HTTPStatusError("not well", request=request, response=httpx.Response(status, request=request))


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (EnvironmentFault(*ABOUT), True),
        (DbError(*ABOUT), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), True),
        (httpx.ConnectError("the server restarts"), True),
        (answered(500), True),
        (answered(404), False),
        (BadInput(*ABOUT), False),
        (Cancelled(*ABOUT), False),
        (CheckFailed(*ABOUT), False),
        (NotFound(*ABOUT), False),
        (Conflict(*ABOUT), False),
        (TitleBusy(*ABOUT), False),
        (RunEnded(*ABOUT), False),
        (FileNotFoundError(errno.ENOENT, "gone"), False),
        (ZeroDivisionError(), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_bad_input_and_bugs_do_not_pass(error: BaseException, passes: bool) -> None:
    assert may_pass(error) is passes


def test_a_folder_that_comes_back_is_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()

    def call() -> str:
        if time.monotonic() - began < 1.5:
            raise EnvironmentFault("the store is out of reach", str(tmp_path), "wait")
        return "there"

    assert patiently(call, seconds=30, stop=lambda: False, what="test") == "there"
    assert 1.5 <= time.monotonic() - began < 20


def test_without_patience_the_first_error_is_the_last() -> None:
    calls = []

    def call() -> None:
        calls.append(1)
        raise EnvironmentFault(*ABOUT)

    with pytest.raises(EnvironmentFault):
        patiently(call, seconds=0, stop=lambda: False, what="test")
    assert len(calls) == 1


def test_patience_ends() -> None:
    began = time.monotonic()

    def call() -> None:
        raise DbError(*ABOUT)

    with pytest.raises(DbError):
        patiently(call, seconds=2.0, stop=lambda: False, what="test")
    assert time.monotonic() - began < 10


def test_who_waits_can_be_stopped() -> None:
    def call() -> None:
        raise DbError(*ABOUT)

    with pytest.raises(Cancelled):
        patiently(call, seconds=600, stop=lambda: True, what="test")
