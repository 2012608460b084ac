"""Every page in both themes at three widths, with names and notes that nobody planned for: what axe finds, and what
the console says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI

from db.deliverables import decide
from db.notes import add_note
from tests.dashboards.browser.conftest import PASSWORD, Desk, Visit, let_in, running_desk, visit
from tests.dashboards.browser.film import Workshop, short_title
from tests.dashboards.test_roles import routes_of

SIZES = ((1280, 900), (1920, 1080), (820, 1180))
NAME = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft und ميناء الزجاج: حكاية البحر"
TITLE = "/titles/glass-harbor"
# Where each page is looked at: with what it is for, and with nothing to show.
PAGES = {
    "/": ("/", "/?search=nothing+is+called+so", "/?state=stopped"),
    "/titles/{slug}": (TITLE, "/titles/no-run-yet"),
    "/titles/{slug}/compare": ("/titles/no-run-yet/compare",),
    "/compare/{first}/{second}": ("/compare/1/2",),
    "/deliverables/{deliverable_id}": ("/deliverables/1", "/deliverables/2"),
    "/lineage/{kind}/{name}": ("/lineage/deliverable/2", "/lineage/spec/ebu-r128"),
    "/reports": ("/reports?days=7", "/reports?day=2020-01-01"),
    "/people": ("/people",),
    "/audit": ("/audit", "/audit?who=nobody"),
}
# The log-in is looked at by who is out; behind the others nothing is shown.
OTHERS = ("/login", "/enter", "/media/{token}")
SCRIPTED = (TITLE, "/compare/")
ERRORS = {"/nowhere": 404, "/deliverables/99999": 404, "/reports?day=never": 422}


def fill(room: Workshop) -> None:
    """A title of two runs, decided and talked about at length, one whose run failed, and a person of each role."""
    version_id = short_title(room, runs=2, name=NAME)
    words = "Reel 3 is " + "unbreakable" * 40 + "\n" + "and goes on and on. " * 100 + "<b>שלום</b>"
    with room.catalog.write() as session:
        decide(session, 2, "rejected", who="x" * 100, note=words)
        add_note(session, version_id, who="محمد", text=words, deliverable_id=2)
        add_note(session, version_id, who="ada", text=words, at_seconds=3.0)
    room.begin(seconds=5.0, slug="no-run-yet", name="ガラスの港")
    room.catalog.finish_run(room.run_id, "failed", error="remux: " + "/mnt/masters/" * 30)
    for name, role in (("ada", "admin"), ("vera", "viewer"), ("x" * 100, "reviewer")):
        let_in(room.catalog, name, role=role)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk") / "home", fill) as running:
        yield running


def faults(here: Visit, width: int) -> list[str]:
    """What keeps people out, as axe has it, and what is wider than the window."""
    found = [
        f"{here.page.url} {one['id']}: {node['html'][:120]} {node['failureSummary']}"
        for one in Axe().run(here.page).response["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    wide = here.page.evaluate("document.documentElement.scrollWidth")
    return found if wide <= width else [*found, f"{here.page.url} is {wide} wide"]


def test_every_page_is_looked_at(routes: FastAPI) -> None:
    paths = {route.removeprefix("GET ") for route in routes_of(routes) if route.startswith("GET ")}
    assert {path for path in paths if not path.startswith("/api/")} == PAGES.keys() | set(OTHERS)


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everybody_can_use_every_page_whatever_the_theme_and_the_width(
    desk: Desk, chromium: Any, theme: str, width: int, height: int, tmp_path: Path
) -> None:
    found: list[str] = []
    with visit(chromium, desk, theme=theme, width=width, height=height, person="ada", allowed=(404, 422)) as here:
        for addresses in PAGES.values():
            for address in addresses:
                ready = "[data-ready]" if address.startswith(SCRIPTED) else "main"
                page = here.open(address, ready)
                found += faults(here, width)
                name = "".join(letter if letter.isalnum() else "-" for letter in f"page{address}")
                page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        here.open("/lineage/deliverable/2", "main").locator("a[href^='/lineage/asset/']").last.click()
        found += faults(here, width)
        for address, status in ERRORS.items():
            assert here.page.goto(desk.url + address).status == status
            found += faults(here, width)
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everybody_can_use_what_opens_on_the_title_page(
    desk: Desk, chromium: Any, theme: str, width: int, height: int
) -> None:
    found: list[str] = []
    with visit(chromium, desk, theme=theme, width=width, height=height, person="ada") as here:
        page = here.open(TITLE)
        for keys in ("n e", "Escape Escape v", "Home d ArrowRight d", "Escape Escape a", "Escape ?"):
            for key in keys.split():
                page.keyboard.press(key)
            found += faults(here, width)
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_everybody_can_use_the_pages_of_who_is_not_let_in(
    desk: Desk, chromium: Any, theme: str, width: int, height: int
) -> None:
    found: list[str] = []
    with visit(chromium, desk, theme=theme, width=width, height=height, person="vera", allowed=(401, 403)) as here:
        assert here.page.goto(f"{desk.url}/people").status == 403
        found += faults(here, width)
        here.open("/deliverables/1", "main")
        found += faults(here, width)
        here.page.get_by_role("button", name="Log out").click()
        found += faults(here, width)
        # Each time another name: five wrong passwords close one.
        here.page.get_by_label("Name").fill(f"vera-{theme}-{width}")
        here.page.get_by_label("Password").fill(PASSWORD.upper())
        here.page.get_by_role("button", name="Log in").click()
        assert here.page.get_by_role("alert").inner_text()
        found += faults(here, width)
    assert found == []


@pytest.mark.slow
def test_a_chosen_event_is_brought_into_sight_in_its_list_and_the_page_stays_where_it_is(
    desk: Desk, chromium: Any
) -> None:
    with visit(chromium, desk, height=500, person="ada") as here:
        page = here.open(TITLE)
        for _ in range(3):
            page.keyboard.press("n")
        assert page.evaluate("window.scrollY") == 0
