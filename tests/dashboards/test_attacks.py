"""What people try at a page: other people's scripts, other people's files, too much, and nonsense."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from sqlalchemy import update

from dashboards.desk import Desk
from dashboards.media import signed
from dashboards.security import LARGEST_BODY
from db import models as m
from tests.dashboards.conftest import Browser
from tests.db.conftest import Studio, sha256_of

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
PAGES = ("/", "/deliverables/1", "/lineage/deliverable/1", "/reports", "/people", "/audit", "/titles/glass-harbor")


def test_what_people_write_stays_text(browser: Callable[..., Browser], studio: Studio, deliverable: int) -> None:
    with studio.catalog.write() as session:
        session.execute(update(m.Title).values(name=SCRIPT, original_language=SCRIPT))
        session.execute(update(m.Run).values(error=SCRIPT, state="failed"))
        session.execute(update(m.Slot).values(stale=SCRIPT))
        session.execute(update(m.MediaFile).values(origin_name=SCRIPT))
        session.add(m.Person(name=SCRIPT, role="viewer"))
    admin = browser("admin")
    admin.submit(f"/deliverables/{deliverable}/notes", text=SCRIPT)
    admin.submit(f"/deliverables/{deliverable}/decision", decision="rejected", note=SCRIPT)
    for page in (*PAGES, f"/?search={SCRIPT}", f"/audit?who={SCRIPT}", f"/login?next=/{SCRIPT}"):
        answer = admin.page(page)
        assert "<script>alert" not in answer.text and "<img src=x" not in answer.text, page


def test_no_page_has_a_script_or_a_style_in_it(browser: Callable[..., Browser], deliverable: int) -> None:
    """So the policy can refuse them all; what a page says of itself is what the policy allows."""
    admin = browser("admin")
    for page in (*PAGES, "/login", "/nothing"):
        answer = admin.page(page)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "style=" not in answer.text and "<style" not in answer.text and "javascript:" not in answer.text
        assert all("src=" in tag for tag in answer.text.split("<script")[1:])
        assert not any(f" on{event}=" in answer.text for event in ("click", "load", "error", "change", "submit"))


def test_every_answer_has_its_guard(browser: Callable[..., Browser]) -> None:
    nobody = browser()
    for address in ("/", "/static/desk.css", "/api/me", "/nothing", "/media/x"):
        headers = nobody.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "content-security-policy" in headers
        assert headers["cache-control"]


ELSEWHERE = (
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2f..%2fpyproject.toml",
    "/static//etc/passwd",
    "/media/../../../etc/passwd",
    "/media/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/lineage/asset/..%2f..%2fetc%2fpasswd",
    "/lineage/deliverable/%2fetc%2fpasswd",
    "/api/lineage/spec/pyproject.toml",
    "/api/export/..%2fcatalog.db.csv",
    "/titles/..%2f..%2fetc",
)


def test_no_address_leads_to_a_file(browser: Callable[..., Browser]) -> None:
    admin = browser("admin")
    for address in ELSEWHERE:
        answer = admin.get(address)
        assert answer.status_code in (404, 422), address
        assert not any(secret in answer.text for secret in ("root:", "create_app", "[project]")), address


def test_a_file_by_its_path_is_no_lineage(browser: Callable[..., Browser], studio: Studio, deliverable: int) -> None:
    """`catalog lineage` takes a path; the page does not, or it would tell who may not see it what lies where."""
    known = studio.folder / "beside.mov"
    studio.master(b"beside", name=known.name)
    assert studio.catalog.lineage(str(known)).kind == "asset"
    assert browser("admin").get(f"/api/lineage/asset/{known.name}").status_code == 404


def test_a_media_address_is_good_for_its_asset_alone(
    browser: Callable[..., Browser], desk: Desk, deliverable: int
) -> None:
    one = browser("viewer")
    address = signed(desk, sha256_of(b"master final 1"), "deliverable", 60)
    assert one.get(address).content == b"master final 1"
    payload, signature = address.removeprefix("/media/").rsplit(".", 1)
    other = signed(desk, sha256_of(b"master me"), "me", 60).removeprefix("/media/").rsplit(".", 1)[0]
    for forged in (f"{other}.{signature}", f"{payload}.{signature[:-2]}AA", payload, sha256_of(b"master me")):
        assert one.get(f"/media/{forged}").status_code == 404
    assert browser().get(address).status_code == 401


def test_numbers_that_are_nobody_s(browser: Callable[..., Browser]) -> None:
    one = browser("admin")
    for number in ("0", "-1", "99999999", "2147483648", "9" * 40, "1e3", "%00", "1;drop table"):
        for address in ("/api/deliverables/{}", "/deliverables/{}", "/api/lineage/deliverable/{}", "/audit?before={}"):
            assert one.page(address.format(number)).status_code in (200, 404, 422), address.format(number)


def test_searches_that_are_no_words(browser: Callable[..., Browser]) -> None:
    one = browser("viewer")
    for words in ("%00", "%", "_", "'", "\\", "%F0%9F%8E%AC", "a" * 101, "%ff"):
        for address in ("/?search={}", "/api/board?search={}", "/?language={}", "/?spec={}"):
            assert one.page(address.format(words)).status_code in (200, 422), address.format(words)
    assert one.get("/api/board?search=GLASS").json()["total"] == 1
    assert one.get("/api/board?search=%25").json()["total"] == 0  # a sign of SQL's is a letter here


BODIES = (
    b"", b"{", b"[]", b"null", b"x", b"\xff\xfe", b'{"decision": 1}', b'{"decision": "approved", "x": 1}', b"[" * 5000,
)  # fmt: skip


def test_bodies_that_are_none(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("reviewer")
    headers = {"X-CSRF-Token": one.csrf, "Content-Type": "application/json"}
    for body in BODIES:
        answer = one.post(f"/api/deliverables/{deliverable}/decision", content=body, headers=headers)
        assert answer.status_code in (400, 422), body
        assert answer.json()["detail"] == "The body is not JSON." or body not in (b"{", b"x")
    assert one.get(f"/api/deliverables/{deliverable}").json()["state"] == "candidate"


def test_too_much_is_refused_unread(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("reviewer")
    address, headers = f"/api/deliverables/{deliverable}/notes", {"X-CSRF-Token": one.csrf}
    assert one.post(address, content=b"x" * (LARGEST_BODY + 1), headers=headers).status_code == 413

    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    assert one.post(address, content=endless(), headers=headers).status_code in (400, 413, 422)
    assert one.ask("POST", address, {"text": "y" * 4001}).status_code == 422
    form = {"X-CSRF-Token": one.csrf, "Content-Type": "multipart/form-data; boundary=x"}
    assert one.post(f"/deliverables/{deliverable}/notes", content=b"--x", headers=form).status_code in (400, 422)


def test_control_characters_leave_a_note(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("reviewer")
    one.ask("POST", f"/api/deliverables/{deliverable}/notes", {"text": "a\x00b\x1b[31mc\u202e\nd"})
    assert one.get(f"/api/deliverables/{deliverable}").json()["notes"][0]["text"] == "ab[31mc\nd"


def test_a_spreadsheet_finds_no_formula(browser: Callable[..., Browser], studio: Studio, deliverable: int) -> None:
    one = browser("reviewer")
    one.ask("POST", f"/api/deliverables/{deliverable}/decision", {"decision": "approved", "note": "=cmd|' /C calc'!A0"})
    with studio.catalog.write() as session:
        session.execute(update(m.Title).values(name="@SUM(1)"))
    for table, column in (("decisions", "note"), ("board", "name")):
        rows = list(csv.DictReader(io.StringIO(one.get(f"/api/export/{table}.csv").text)))
        assert rows[0][column].startswith(("'=", "'@"))


def test_other_methods_do_nothing(browser: Callable[..., Browser], deliverable: int) -> None:
    one = browser("admin")
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        answer = one.request(method, f"/api/deliverables/{deliverable}", headers={"X-CSRF-Token": one.csrf})
        assert answer.status_code == 405
