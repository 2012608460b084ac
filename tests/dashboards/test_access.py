"""Coming in, staying in, and being kept out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import update

from dashboards.access.attempts import PER_ADDRESS, PER_NAME, REFUSED
from dashboards.access.passwords import hash_password, matches
from dashboards.access.sessions import COOKIE
from dashboards.app import create_app
from dashboards.settings import ReviewSettings
from db import models as m
from db.models.base import now
from db.people import change_person
from tests.dashboards.conftest import PASSWORD, TOKEN, Browser, token_in
from tests.db.conftest import Studio


def test_a_password_opens_a_session_and_log_out_ends_it(browser: Callable[..., Browser]) -> None:
    one = browser()
    assert one.log_in("viewer").status_code == 303
    assert one.get("/api/me").json()["name"] == "viewer"
    kept = one.cookies[COOKIE]
    assert one.submit("/logout").status_code == 303
    one.cookies.set(COOKIE, kept)
    assert one.get("/api/me").status_code == 401


def test_the_session_is_no_script_s_and_no_other_site_s(browser: Callable[..., Browser]) -> None:
    one = browser()
    cookie = one.log_in("viewer").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie


def test_by_https_the_cookie_is_secure(studio: Studio, desk_settings: Any, app: FastAPI) -> None:
    served = create_app(desk_settings(review_url="https://desk.example"))
    one = Browser(served)
    answer = one.page("/login")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_log_in_gives_another_session_than_the_one_there_was(browser: Callable[..., Browser]) -> None:
    one = browser("viewer")
    before = one.cookies[COOKIE]
    assert one.submit("/login", name="viewer", password=PASSWORD).status_code == 303
    old = browser()
    old.cookies.set(COOKIE, before)
    assert old.get("/api/me").status_code == 401
    one.cookies.clear()
    one.cookies.set(COOKIE, "chosen by somebody else")
    assert one.log_in("reviewer").status_code == 303
    assert {before, "chosen by somebody else"}.isdisjoint({cookie.value for cookie in one.cookies.jar if cookie.domain})


@pytest.mark.parametrize("name", ["viewer", "nobody of this name"])
def test_wrong_passwords_are_counted_by_name(browser: Callable[..., Browser], studio: Studio, name: str) -> None:
    one = browser()
    tried = [one.log_in(name, "wrong").status_code for _ in range(PER_NAME + 1)]
    assert tried == [401] * PER_NAME + [429]
    assert one.log_in(name).status_code == 429
    with studio.catalog.write() as session:
        session.execute(update(m.Audit).values(at=now() - timedelta(minutes=16)))
    assert one.log_in(name).status_code == (303 if name == "viewer" else 401)


def test_wrong_passwords_are_counted_by_address(browser: Callable[..., Browser], studio: Studio) -> None:
    told = {"role": "", "action": REFUSED, "object_kind": "person", "object_id": "", "address": "testclient"}
    with studio.catalog.write() as session:
        session.add_all(m.Audit(who=f"name {k}", **told) for k in range(PER_ADDRESS))
    assert browser().log_in("viewer").status_code == 429


def test_a_disabled_person_is_out_at_once_and_stays_out(browser: Callable[..., Browser], studio: Studio) -> None:
    one = browser("viewer")
    with studio.catalog.write() as session:
        change_person(session, "viewer", disabled=True)
    assert one.get("/api/me").status_code == 401
    assert browser().log_in("viewer").status_code == 401


def test_a_session_is_over_when_its_time_is(browser: Callable[..., Browser], studio: Studio) -> None:
    one = browser("viewer")
    with studio.catalog.write() as session:
        session.execute(update(m.DeskSession).values(expires_at=now() - timedelta(seconds=1)))
    assert one.get("/api/me").status_code == 401


def test_no_unsafe_request_goes_without_its_token(browser: Callable[..., Browser], deliverable: int) -> None:
    one, other = browser("reviewer"), browser("admin")
    address, body = f"/api/deliverables/{deliverable}/decision", {"decision": "approved"}
    assert one.post(address, json=body).status_code == 403
    assert one.post(address, json=body, headers={"X-CSRF-Token": other.csrf}).status_code == 403
    assert one.post(f"/deliverables/{deliverable}/decision", data={"decision": "approved"}).status_code == 403
    # Text that a form of another site can send without asking; the body says JSON to whoever believes it.
    lure = one.post(address, content=b'{"decision": "approved"}', headers={"Content-Type": "text/plain"})
    assert lure.status_code == 403
    assert one.ask("POST", address, body).status_code == 200


def test_log_in_too_takes_a_token_of_this_browser(browser: Callable[..., Browser]) -> None:
    one, other = browser(), browser()
    other.page("/login")
    one.csrf = token_in(other.page("/login").text)
    assert one.submit("/login", name="viewer", password=PASSWORD).status_code == 403


def test_log_in_leads_to_no_other_site(browser: Callable[..., Browser]) -> None:
    for target in ("//evil.example", "/\\evil.example", "https://evil.example", "/\tevil", "/x\r\ny: z"):
        assert browser().log_in("viewer", next=target).headers["location"] == "/"
    assert browser().log_in("viewer", next="/reports?days=7").headers["location"] == "/reports?days=7"


def test_a_desk_of_one_machine_lets_in_once(desk_settings: Callable[..., ReviewSettings]) -> None:
    served = create_app(desk_settings(), local=True)
    token = served.state.desk.token
    first, second = Browser(served), Browser(served)
    assert first.get("/enter", params={"token": "guess"}).status_code == 403
    assert first.get("/enter", params={"token": token}).status_code == 303
    assert first.get("/api/me").json()["role"] == "admin"
    assert second.get("/enter", params={"token": token}).status_code == 403
    assert "dubline review" in second.page("/login").text


def test_who_comes_in_by_the_desk_s_own_address_is_in_the_audit(desk_settings: Callable[..., ReviewSettings]) -> None:
    served = create_app(desk_settings(), local=True)
    Browser(served).get("/enter", params={"token": served.state.desk.token})
    (entry,) = served.state.desk.catalog.audit()
    assert (entry.action, entry.role, entry.address) == ("log-in", "admin", "testclient")


def test_a_name_that_nobody_can_have_is_not_looked_for(browser: Callable[..., Browser], studio: Studio) -> None:
    assert browser().log_in("view\x00er").status_code == 422
    assert browser("admin").submit("/people/view%00er", role="viewer").status_code == 422
    assert studio.catalog.audit() == []


def test_a_token_that_was_set_stays_good(desk_settings: Callable[..., ReviewSettings]) -> None:
    served = create_app(desk_settings(review_token=SecretStr(TOKEN)), local=True)
    for one in (Browser(served), Browser(served)):
        assert one.get("/enter", params={"token": TOKEN}).status_code == 303


def test_the_machine_s_own_session_is_worth_nothing_on_a_desk_for_people(
    studio: Studio, desk_settings: Callable[..., ReviewSettings]
) -> None:
    served = create_app(desk_settings(review_token=SecretStr(TOKEN)), local=True)
    one = Browser(served)
    one.get("/enter", params={"token": TOKEN})
    later = Browser(create_app(desk_settings(review_token=SecretStr(TOKEN))))
    later.cookies.set(COOKIE, one.cookies[COOKIE])
    assert later.get("/api/me").status_code == 401
    assert later.get("/enter", params={"token": TOKEN}).status_code == 403


def test_a_proxy_is_believed_only_where_it_may_come_from(app: FastAPI, desk_settings: Any) -> None:
    said = {"X-User": "reviewer"}
    trusted = Browser(create_app(desk_settings(review_proxy_header="X-User", review_proxy_addresses="testclient")))
    assert trusted.get("/api/me", headers=said).json()["role"] == "reviewer"
    assert trusted.get("/api/me", headers={"X-User": "stranger"}).status_code == 401
    assert trusted.get("/api/me").status_code == 401
    elsewhere = Browser(create_app(desk_settings(review_proxy_header="X-User", review_proxy_addresses="10.0.0.1")))
    assert elsewhere.get("/api/me", headers=said).status_code == 401
    unset = Browser(app)
    assert unset.get("/api/me", headers=said).status_code == 401


def test_whom_the_proxy_names_and_nobody_knows_gets_the_role_that_was_set(app: FastAPI, desk_settings: Any) -> None:
    settings = desk_settings(
        review_proxy_header="X-User", review_proxy_addresses="testclient", review_proxy_role="viewer"
    )
    one = Browser(create_app(settings))
    told = one.get("/api/me", headers={"X-User": "stranger"}).json()
    assert (told["name"], told["role"]) == ("stranger", "viewer")
    assert one.post("/people", headers={"X-User": "stranger", "X-CSRF-Token": told["csrf"]}).status_code == 403


def test_the_audit_has_the_client_s_address_not_the_proxy_s(app: FastAPI, desk_settings: Any, deliverable: int) -> None:
    settings = desk_settings(review_proxy_header="X-User", review_proxy_addresses="testclient")
    one = Browser(create_app(settings))
    headers = {"X-User": "reviewer", "X-Forwarded-For": "6.6.6.6, 192.0.2.7"}
    headers["X-CSRF-Token"] = one.get("/api/me", headers=headers).json()["csrf"]
    one.post(f"/api/deliverables/{deliverable}/notes", json={"text": "heard"}, headers=headers)
    assert settings is not None and app.state.desk.catalog.audit()[0].address == "192.0.2.7"


def test_admins_let_people_in_and_out_and_one_stays(browser: Callable[..., Browser], studio: Studio) -> None:
    admin = browser("admin")
    assert admin.submit("/people", name="ada", role="reviewer", password="short").status_code == 422
    assert admin.submit("/people", name="ada", role="reviewer", password="long enough to keep").status_code == 303
    assert admin.submit("/people", name="ada", role="viewer").status_code == 409
    assert browser().log_in("ada", "long enough to keep").status_code == 303
    assert admin.submit("/people/ada", role="viewer", disabled="true").status_code == 303
    assert browser().log_in("ada", "long enough to keep").status_code == 401
    assert admin.submit("/people/admin", role="viewer").status_code == 409
    assert {entry.action for entry in studio.catalog.audit()} >= {"person added", "person changed", "log-in"}


def test_a_password_is_kept_as_a_salted_hash() -> None:
    first, second = hash_password("the same"), hash_password("the same")
    assert first != second and "the same" not in first
    assert matches("the same", first) and not matches("another", first)
