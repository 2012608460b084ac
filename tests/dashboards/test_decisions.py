"""What people decide is kept with who and why, and what they ask for reaches Prefect."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import update

from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db import models as m
from tests.dashboards.conftest import Browser
from tests.db.conftest import Studio
from tests.listener import listening


def test_a_decision_is_kept_with_who_and_why(browser: Callable[..., Browser], deliverable: int) -> None:
    one, address = browser("reviewer"), f"/deliverables/{deliverable}"
    for decision, state in (("approved", "approved"), ("reopened", "candidate"), ("rejected", "superseded")):
        assert one.submit(f"{address}/decision", decision=decision, note=f"because {decision}").status_code == 303
        told = one.get(f"/api{address}").json()
        assert told["state"] == state
        latest = told["decisions"][0]
        assert (latest["who"], latest["decision"], latest["note"]) == ("reviewer", decision, f"because {decision}")
    entries = browser("admin").get("/api/audit").json()
    assert [entry["action"] for entry in entries] == ["rejected", "reopened", "approved"]
    assert {entry["who"] for entry in entries} == {"reviewer"} and entries[0]["object_id"] == str(deliverable)


def test_the_board_shows_a_decision_at_once(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("reviewer")
    before = one.get("/api/board/summary").json()["states"]
    one.ask("POST", f"/api/deliverables/{deliverable}/decision", {"decision": "approved"})
    after = one.get("/api/board/summary").json()["states"]
    assert (before["candidate"], after["approved"]) == (1, 1) and "candidate" not in after
    assert 'class="state approved"' in one.page("/").text


def test_what_failed_is_approved_only_with_a_reason(
    browser: Callable[..., Browser], studio: Studio, deliverable: int
) -> None:
    with studio.catalog.write() as session:
        session.execute(update(m.QcResult).values(verdict="fail"))
    one, address = browser("reviewer"), f"/deliverables/{deliverable}/decision"
    refused = one.submit(address, decision="approved", note="  ")
    assert refused.status_code == 409 and "say in the note why" in refused.text
    assert one.ask("POST", f"/api{address}", {"decision": "approved"}).status_code == 409
    assert one.submit(address, decision="approved", note="the client knows").status_code == 303


def test_what_was_rejected_is_reopened_before_it_is_approved(browser: Callable[..., Browser], deliverable: int) -> None:
    one, address = browser("reviewer"), f"/api/deliverables/{deliverable}/decision"
    one.ask("POST", address, {"decision": "rejected"})
    assert one.ask("POST", address, {"decision": "approved"}).status_code == 409
    one.ask("POST", address, {"decision": "reopened"})
    assert one.ask("POST", address, {"decision": "approved"}).json()["state"] == "approved"


def test_what_was_approved_is_delivered_once_by_who_may_approve(
    browser: Callable[..., Browser], studio: Studio, deliverable: int
) -> None:
    one, viewer, address = browser("reviewer"), browser("viewer"), f"/deliverables/{deliverable}"
    button = 'value="delivered"'
    refused = one.submit(f"{address}/decision", decision="delivered", note="too soon")
    assert refused.status_code == 409 and "Only what is approved is handed over: approve it first." in refused.text
    assert "too soon" in refused.text and button not in refused.text
    one.submit(f"{address}/decision", decision="approved")
    assert button in one.page(address).text and button not in viewer.page(address).text
    assert viewer.submit(f"{address}/decision", decision="delivered").status_code == 403
    assert one.submit(f"{address}/decision", decision="delivered", note="by courier").status_code == 303
    assert one.ask("POST", f"/api{address}/decision", {"decision": "delivered"}).status_code == 409
    assert one.ask("POST", f"/api{address}/decision", {"decision": "approved"}).status_code == 409

    told = viewer.get(f"/api{address}").json()
    latest = told["decisions"][0]
    assert (told["state"], latest["who"], latest["decision"]) == ("delivered", "reviewer", "delivered")
    assert button not in one.page(address).text
    assert viewer.get("/api/board?state=delivered").json()["total"] == 1
    assert [e["action"] for e in browser("admin").get("/api/audit").json()] == ["delivered", "approved"]
    (shown,) = studio.catalog.title("glass-harbor").deliverables
    assert shown.state == "delivered"


def test_notes_are_kept_in_order(browser: Callable[..., Browser], deliverable: int) -> None:
    one, address = browser("reviewer"), f"/deliverables/{deliverable}"
    assert one.submit(f"{address}/notes", text="a breath at 00:31").status_code == 303
    assert one.ask("POST", f"/api{address}/notes", {"text": "gone now"}).status_code == 201
    assert one.ask("POST", f"/api{address}/notes", {"text": " \n "}).status_code == 422
    assert [note["text"] for note in one.get(f"/api{address}").json()["notes"]] == ["gone now", "a breath at 00:31"]


@pytest.fixture
def prefect() -> Iterator[tuple[str, list[Any]]]:
    """What stands in for Prefect's API at the other end of HTTP, as it answers since 3.0: its URL, and what it got."""
    got: list[Any] = []

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"id": "d0"} if self.path == "/api/deployments/name/localize/localize" else None)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            got.append((self.path, body))
            self._answer({"id": "11111111-2222-3333-4444-555555555555"})

        def _answer(self, body: Any) -> None:
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/api", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_is_asked_for_by_the_stored_order(
    desk_settings: Callable[..., ReviewSettings], studio: Studio, prefect: tuple[str, list[Any]]
) -> None:
    url, got = prefect
    one = Browser(create_app(desk_settings(PREFECT_API_URL=url)), "reviewer")
    told = one.ask("POST", "/api/titles/glass-harbor/runs", {"queue": "rush"})
    assert told.status_code == 201
    run = "11111111-2222-3333-4444-555555555555"
    assert told.json() == {"flow_run_id": run, "url": f"{url.removesuffix('/api')}/runs/flow-run/{run}"}
    ((path, body),) = got
    version = studio.catalog.title("glass-harbor").summary.version_id
    order = studio.catalog.latest_order(version)
    assert order is not None and path == "/api/deployments/d0/create_flow_run"
    assert (body["parameters"]["order_path"], body["parameters"]["version_id"]) == (str(order.path), version)
    assert body["work_queue_name"] == "rush" and "title-glass-harbor" in body["tags"]
    assert studio.catalog.audit()[0].detail == {"queue": "rush", "run": run}
    assert run in one.submit("/deliverables/1/run", queue="normal").text


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9/api"])
def test_without_prefect_nothing_is_started_and_that_is_said(
    desk_settings: Callable[..., ReviewSettings], studio: Studio, url: str | None
) -> None:
    one = Browser(create_app(desk_settings(PREFECT_API_URL=url)), "reviewer")
    refused = one.ask("POST", "/api/titles/glass-harbor/runs", {})
    assert refused.status_code == 503 and "Nothing was started" in refused.json()["detail"]
    page = one.submit("/deliverables/1/run")
    assert page.status_code == 503 and "Nothing was started" in page.text
    assert studio.catalog.audit() == []


def test_a_prefect_that_says_nothing_holds_the_board_up_once(desk_settings: Callable[..., ReviewSettings]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        one = Browser(create_app(desk_settings(PREFECT_API_URL=url)), "viewer")
        for _ in range(3):
            assert one.page("/").status_code == 200
        silent.setblocking(False)
        silent.accept()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_what_answers_and_is_no_prefect_is_told_so(desk_settings: Callable[..., ReviewSettings]) -> None:
    with listening() as stranger:
        stranger.status = 200
        one = Browser(create_app(desk_settings(PREFECT_API_URL=stranger.url)), "reviewer")
        refused = one.ask("POST", "/api/titles/glass-harbor/runs", {})
        assert refused.status_code == 503 and "Nothing was started" in refused.json()["detail"]
        assert one.page("/").status_code == 200
        assert stranger.got[0]["flow_runs"]["tags"] == {"any_": ["title-glass-harbor"]}


def test_a_title_whose_order_was_not_kept_says_so(browser: Callable[..., Browser], studio: Studio) -> None:
    studio.localize("older", b"older master")
    refused = browser("reviewer").ask("POST", "/api/titles/older/runs", {})
    assert refused.status_code == 409 and "dubline submit" in refused.json()["detail"]
