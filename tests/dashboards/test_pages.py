"""What pages and their programs' twins show of the catalog."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from sqlalchemy import delete, update

from dashboards.app import create_app
from dashboards.clock import today
from dashboards.desk import Desk
from dashboards.live import Now
from db import models as m
from db.connection import Database
from db.errors import DbError
from db.reports import TABLES
from tests.dashboards.conftest import Browser, settings_in
from tests.db.conftest import Studio, sha256_of


def test_the_board_shows_titles_by_languages_by_specs(browser: Callable[..., Browser]) -> None:
    page = browser("viewer").page("/").text
    assert 'href="/titles/glass-harbor?version=theatrical"' in page
    assert 'href="/deliverables/1"' in page and "not made" in page
    (title,) = browser("viewer").get("/api/board").json()["titles"]
    assert {(slot["language"], slot["spec_id"], slot["state"]) for slot in title["slots"]} == {
        ("fr-FR", "ebu-r128", "candidate"),
        ("es-419", "web", "missing"),
    }


def test_a_line_that_is_not_made_tells_what_its_title_does(
    browser: Callable[..., Browser], studio: Studio, desk: Desk
) -> None:
    one, version = browser("viewer"), studio.catalog.title("glass-harbor").summary.version_id
    states = []
    for state in ("running", "failed"):
        run = studio.run(version)
        if state != "running":
            studio.catalog.finish_run(run, state, "out of sync")
        page = one.page("/?state=missing").text
        states.append([word for word in ("running", "stopped") if f'class="state {word}"' in page])
    assert states[0] == ["running"] and "stopped" in states[1]
    assert "out of sync" in page
    assert one.get("/api/board/summary").json()["states"]["stopped"] == 1


def test_the_board_counts_a_run_as_soon_as_it_has_begun(browser: Callable[..., Browser], studio: Studio) -> None:
    one, version = browser("viewer"), studio.catalog.title("glass-harbor").summary.version_id
    assert one.get("/api/board/summary").json()["running"] == 0
    run = studio.run(version)
    assert one.get("/api/board/summary").json()["running"] == 1
    studio.catalog.finish_run(run, "completed")
    assert one.get("/api/board/summary").json()["running"] == 0


def test_late_is_what_was_due_and_nobody_approved(
    browser: Callable[..., Browser], studio: Studio, deliverable: int
) -> None:
    one = browser("reviewer")
    with studio.catalog.write() as session:
        session.execute(update(m.Wanted).values(due=today() - timedelta(days=1)))
        session.execute(delete(m.Wanted).where(m.Wanted.language == "es-419"))
    studio.catalog.decide(deliverable, "reopened", who="ada")
    assert 'class="late"' in one.page("/").text
    assert one.get("/api/board/summary").json()["overdue"] == 1
    assert one.get("/api/board?due=overdue").json()["total"] == 1
    studio.catalog.decide(deliverable, "approved", who="ada")
    assert 'class="late"' not in one.page("/").text


def test_an_empty_board_says_what_to_do(tmp_path: Any) -> None:
    one = Browser(create_app(settings_in(tmp_path / "home", review_token="t"), local=True))
    one.get("/enter?token=t")
    assert "dubline submit order.yaml" in one.page("/").text
    assert "No title is like that" in one.page("/?search=x").text
    assert "Nobody yet" in one.page("/people").text


def test_the_deliverable_s_page_has_every_check_and_figure(browser: Callable[..., Browser], deliverable: int) -> None:
    page = browser("viewer").page(f"/deliverables/{deliverable}").text
    assert "integrated" in page and "-23.00" in page and "undefined" in page
    assert sha256_of(b"master final 1") in page
    told = browser("viewer").get(f"/api/deliverables/{deliverable}").json()
    assert (told["verdict"], told["checks"]) == ("pass", [{"name": "integrated", "verdict": "pass"}])


def test_lineage_leads_from_the_file_to_the_master(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("viewer")
    tree = one.get(f"/api/lineage/deliverable/{deliverable}").json()
    labels, node = [], tree
    while node["children"]:
        node = node["children"][-1]
        labels.append(node["label"])
    assert labels[1::2] == ["conform v1", "mix v1", "separate v1", "demux v1"]
    assert node["id"] == sha256_of(b"master") and node["label"] == "glass-harbor.mov"
    page = one.page(f"/lineage/deliverable/{deliverable}").text
    assert sha256_of(b"master")[:12] in page and "ffmpeg" in page
    assert 'href="/lineage/model/bandsplit"' in page and 'href="/lineage/spec/ebu-r128@1"' in page


def test_what_else_a_model_a_spec_and_a_source_made(browser: Callable[..., Browser], studio: Studio) -> None:
    other = studio.localize("second", b"second master", spec_version="2")
    one = browser("viewer")

    def made(what: str) -> list[str]:
        assert one.page(f"/lineage/{what}").status_code == 200
        return [line["slug"] for line in one.get(f"/api/lineage/{what}/made").json()]

    assert made("model/bandsplit") == ["second", "glass-harbor"]
    assert made("spec/ebu-r128@1") == ["glass-harbor"]
    assert made(f"asset/{sha256_of(b'second master')}") == ["second"]
    assert made(f"deliverable/{other}") == ["second"]
    for unknown in ("model/nobody", "spec/none", f"asset/{'0' * 64}", "deliverable/77", "asset/1"):
        assert one.get(f"/api/lineage/{unknown}").status_code == 404


def test_a_report_counts_what_happened_in_its_span(
    browser: Callable[..., Browser], studio: Studio, deliverable: int
) -> None:
    studio.catalog.decide(deliverable, "approved", who="ada")
    studio.catalog.finish_run(studio.run(studio.version("bad")), "failed", "out of sync")
    one = browser("viewer")
    report = one.get(f"/api/reports/nightly?day={today() + timedelta(days=1)}&days=2").json()
    assert report["runs"] == {"completed": 1, "failed": 1}
    assert (report["made"], report["decisions"]) == ({"pass": 1}, {"approved": 1})
    assert (report["steps"], report["cached_steps"]) == (4, 0)
    assert [run["error"] for run in report["troubled"]] == ["out of sync"]
    assert one.get("/api/reports/nightly?day=2020-01-01").json()["runs"] == {}
    assert "out of sync" in one.page(f"/reports?day={today() + timedelta(days=1)}&days=2").text
    for day in ("0001-01-01", "9999-12-31", "2026-13-01"):
        assert one.page(f"/reports?day={day}&days=366").status_code in (200, 422)


def test_tables_to_take_away_have_the_same_rows_in_both_forms(
    browser: Callable[..., Browser], studio: Studio, deliverable: int
) -> None:
    studio.catalog.decide(deliverable, "approved", who="ada", note="heard, “all” of it")
    one = browser("viewer")
    for table in TABLES:
        lines = list(csv.DictReader(io.StringIO(one.get(f"/api/export/{table}.csv").content.decode())))
        rows = pq.read_table(io.BytesIO(one.get(f"/api/export/{table}.parquet").content)).to_pylist()
        assert len(lines) == len(rows) >= 1
        assert list(lines[0]) == list(rows[0])
    decisions = pq.read_table(io.BytesIO(one.get("/api/export/decisions.parquet").content)).to_pylist()
    assert decisions[0]["note"] == "heard, “all” of it"


def test_events_tell_what_runs_and_that_a_line_has_changed(app: FastAPI, studio: Studio, deliverable: int) -> None:
    """Against the watcher itself: a test's client reads an answer when it is over, and events are never over."""
    live = app.state.desk.live

    def next_after(known: Now) -> Now:
        deadline = time.monotonic() + 30
        while live.now.number == known.number and time.monotonic() < deadline:
            time.sleep(0.05)
        found: Now = live.now
        return found

    with live.watching(), live.listening():
        first = live.look()
        assert first.runs == ()
        run = studio.run(studio.catalog.title("glass-harbor").summary.version_id)
        second = next_after(first)
        assert [told["run_id"] for told in second.runs] == [run]
        studio.catalog.decide(deliverable, "approved", who="ada")
        assert next_after(second).changed_at != first.changed_at
    assert live.stopped


def test_the_events_end_where_the_present_is_all_that_was_asked_for(browser: Callable[..., Browser]) -> None:
    answer = browser("viewer").get("/api/live?once=true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "event: now\ndata: {" in answer.text


def test_a_catalog_that_is_away_has_a_page(
    browser: Callable[..., Browser], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = browser("viewer")

    def away(self: Database) -> Any:
        raise DbError("the catalog does not answer", "postgresql://studio:5432", "see that it is up")

    monkeypatch.setattr(Database, "read", away)
    page, told = one.page("/"), one.get("/api/board")
    assert (page.status_code, told.status_code) == (503, 503)
    assert "catalog is away" in page.text and "5432" not in page.text + told.text


def test_pages_that_are_not_there_and_mistakes_of_ours_have_pages(
    browser: Callable[..., Browser], app: FastAPI, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = browser("viewer")
    assert "Nothing is here" in one.page("/nothing").text and 'href="/reports"' in one.page("/nothing").text
    assert one.get("/api/nothing").json() == {"detail": "There is no such page. A title may have been renamed."}
    assert "That is not yours to do" in one.page("/people").text
    monkeypatch.setattr(desk.catalog, "board", lambda query: 1 / 0)
    page = one.page("/")
    assert page.status_code == 500 and "A mistake of ours" in page.text and "ZeroDivision" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
