"""Events arrive where they can, and whoever hands them in never waits where they cannot."""

from __future__ import annotations

import json
import logging
import socket
import time
from pathlib import Path

import pytest

from tasks.outbox import Outbox, sender
from tests.listener import listening


def test_events_arrive_in_order_at_a_real_endpoint() -> None:
    with listening() as endpoint:
        outbox = Outbox(endpoint.url)
        for number in range(50):
            outbox.put({"number": number})
        outbox.flush()
        assert [event["number"] for event in endpoint.got] == list(range(50))


def test_an_endpoint_that_never_answers_keeps_nobody_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outbox = Outbox(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        began = time.monotonic()
        for number in range(10_000):
            outbox.put({"number": number})
        assert time.monotonic() - began < 2.0
        assert len(outbox._waiting) < 10_000
        began = time.monotonic()
        outbox.flush(0.2)
        assert time.monotonic() - began < 1.0


def test_what_could_not_be_sent_is_sent_when_the_endpoint_is_there_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with listening() as endpoint:
        port = endpoint.server_port
    with caplog.at_level(logging.WARNING):
        outbox = Outbox(f"http://someone:secret@127.0.0.1:{port}/")
        outbox.put({"number": 1})
        outbox.flush()
        outbox.put({"number": 2})
        with listening(port) as endpoint:
            deadline = time.monotonic() + 20
            while len(endpoint.got) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert [event["number"] for event in endpoint.got] == [1, 2]
    # Outboxes of other tests in this process may still have something to say.
    told = [one.getMessage() for one in caplog.records if one.name == "tasks.outbox"]
    (warning,) = [one for one in told if f"127.0.0.1:{port}" in one]
    assert "secret" not in warning


def test_an_event_that_is_refused_does_not_hold_up_the_next() -> None:
    with listening() as endpoint:
        outbox = Outbox(endpoint.url)
        endpoint.status = 422
        outbox.put({"number": 1})
        outbox.flush()
        endpoint.status = 200
        outbox.put({"number": 2})
        outbox.flush()
        assert [event["number"] for event in endpoint.got] == [2]


def test_a_file_takes_one_event_a_line(tmp_path: Path) -> None:
    path = tmp_path / "with a space" / "events.jsonl"
    outbox = Outbox(path.as_uri())
    for number in range(3):
        outbox.put({"number": number})
    outbox.flush()
    assert [json.loads(line)["number"] for line in path.read_text().splitlines()] == [0, 1, 2]


@pytest.mark.parametrize("url", ["lineage.jsonl", "ftp://host/x", "http://", "file://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        sender(url)
