"""The review desk's command: who may come in, where it listens, and what it refuses."""

from __future__ import annotations

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.main import run
from db.catalog import Catalog

SERVE = [sys.executable, "-c", "from cli.main import main; main()", "review", "--port", "0", "--json"]


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command with --json and what is typed; gives its exit code, object and error."""

    def call(*arguments: str, typed: str = "") -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = run([*arguments, "--json"])
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out else {}, told.err

    return call


def test_people_are_let_in_changed_and_kept_out(say: Any, home: Path) -> None:
    assert say("review", "people", "add", "ada", "--role", "admin", typed="long enough to keep\n")[0] == 0
    assert say("review", "people", "add", "bob", "--no-password")[0] == 0
    assert say("review", "people", "change", "bob", "--role", "reviewer")[0] == 0
    assert say("review", "people", "disable", "bob")[0] == 0
    assert say("review", "people", "list")[1]["people"] == [
        {"name": "ada", "role": "admin", "disabled": False, "password": True},
        {"name": "bob", "role": "reviewer", "disabled": True, "password": False},
    ]
    catalog = Catalog.open(f"sqlite:///{home / 'catalog.db'}")
    actions = [(entry.action, entry.object_id, entry.address) for entry in catalog.audit()]
    assert actions[0] == ("person disabled", "bob", "command line") and len(actions) == 4


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "words"),
    [
        (("add", "ada"), "short\n", 3, "give 10 to 256"),
        (("add", "  "), "long enough to keep\n", 3, "no name"),
        (("add", "ada", "--role", "king"), "long enough to keep\n", 2, "viewer, reviewer, admin"),
        (("disable", "nobody"), "", 3, "no such person"),
    ],
)
def test_what_is_no_person_is_refused(say: Any, arguments: tuple[str, ...], typed: str, code: int, words: str) -> None:
    found, _, error = say("review", "people", *arguments, typed=typed)
    assert found == code and words in error and error.count("\n") == 1


def test_the_last_admin_stays_and_a_name_is_one_person_s(say: Any) -> None:
    say("review", "people", "add", "ada", "--role", "admin", "--no-password")
    assert say("review", "people", "disable", "ada")[0] == 3
    assert say("review", "people", "add", "ada", "--no-password")[0] == 3


def test_other_machines_reach_no_desk_that_nobody_can_log_in_to(say: Any) -> None:
    code, _, error = say("review", "--host", "0.0.0.0")
    assert code == 3 and "dubline review people add" in error


def test_a_desk_of_this_machine_prints_a_way_in_that_is_good_once(home: Path) -> None:
    """The command itself: it serves, lets in once, and goes when it is told to."""
    server = subprocess.Popen(SERVE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        told = "".join(iter(server.stdout.readline, "}\n")) + "}"
        found = json.loads(told)
        assert found["local"] and re.match(r"http://127\.0\.0\.1:\d+/enter\?token=", found["url"])
        with httpx.Client(follow_redirects=True) as browser:
            assert "The board is empty" in browser.get(found["url"]).text
            assert httpx.get(found["url"]).status_code == 403
            with browser.stream("GET", httpx.URL(found["url"]).join("/api/live")) as events:
                assert events.status_code == 200
                server.send_signal(signal.SIGINT)
                events.read()
        assert server.wait(20) == 130
    finally:
        server.kill()
        server.communicate()
    assert (home / "review.secret").stat().st_mode & 0o777 == 0o600
