"""Events arrive where they can, and whoever hands them in never waits where they cannot."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tasks.outbox import Outbox, sender


class Endpoint(ThreadingHTTPServer):
    """Keeps what it is sent, and answers as it is told."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Listener)
        self.status = 201
        self.got: list[dict[str, Any]] = []
        self.url = f"http://someone:secret@127.0.0.1:{self.server_port}/api/v1/lineage"


class Listener(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status < 300:
            self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@contextmanager
def listening(port: int = 0) -> Iterator[Endpoint]:
    with Endpoint(port) as endpoint:
        thread = threading.Thread(target=endpoint.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield endpoint
        finally:
            endpoint.shutdown()
            thread.join()


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
    (warning,) = [one.getMessage() for one in caplog.records if one.name == "tasks.outbox"]
    assert f"127.0.0.1:{port}" in warning
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
