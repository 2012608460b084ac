"""Producers at the demo's catalog, and at one of ten thousand titles, in both themes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.board import fill
from db.catalog import Catalog
from tests.dashboards.browser.conftest import Desk, running_desk, visit
from tests.dashboards.browser.test_every_page import faults

pytestmark = pytest.mark.slow

TITLES, WIDTH = 10_000, 1280
# What each theme's producer signs off: a deliverable is handed over once.
SIGNED = {"light": "Decide about fr-FR ebu-r128", "dark": "Decide about es-419 ebu-r128"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The desk after `dubline demo`."""
    home = tmp_path_factory.mktemp("demo") / "home"
    command = [str(Path(sys.executable).with_name("dubline")), "demo", "--out", str(home / "out")]
    given = {"DUBLINE_HOME": str(home)}
    with running_desk(home, lambda _: subprocess.run(command, check=True, env=os.environ | given)) as running:
        yield running


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk of many titles; there are no bytes behind them."""
    home = tmp_path_factory.mktemp("studio") / "home"
    with running_desk(home, lambda room: fill(room.catalog, TITLES)) as running:
        yield running


def decisions(catalog: Catalog, language: str) -> list[str]:
    (one,) = (
        d for d in catalog.title("glass-harbor").deliverables if (d.language, d.spec_id) == (language, "ebu-r128")
    )
    return [said.decision for said in catalog.deliverable(one.deliverable_id).decisions]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_by_keyboard_the_demo_is_heard_corrected_and_signed_off(demo: Desk, chromium: Any, theme: str) -> None:
    with visit(chromium, demo, theme=theme, width=WIDTH) as here:
        page = here.open("/", "#lines table")
        found = faults(here, WIDTH)
        page.get_by_role("link", name="Glass Harbor").press("Enter")
        page.wait_for_selector("[data-ready]")
        here.until("window.titlePage.view.tracks.length === 8")
        found += faults(here, WIDTH)
        page.keyboard.press("Space")
        here.until("window.titlePage.player.playing && window.titlePage.player.frame > 24000")
        for key, track in (("1", "ov"), ("4", "optional"), ("b", "ov")):
            page.keyboard.press(key)
            assert page.evaluate("window.titlePage.player.heard") == track
        page.keyboard.press("Space")
        here.until("!window.titlePage.player.playing")
        for key in ("n", "[", "]"):
            page.keyboard.press(key)
        here.until("window.titlePage.player.playing")
        page.keyboard.press("v")
        page.keyboard.press("e")
        page.locator("select[name=disposition]").select_option("keep")
        page.locator("#event-form textarea").fill("she is meant to be heard")
        page.get_by_role("button", name="Change this event").press("Enter")
        page.wait_for_selector(".event-row .asked:text('asked')")
        assert "stale" in page.locator("#consequences").inner_text()
        page.get_by_role("button", name="Take edit back").press("Enter")
        page.wait_for_selector(".event-row .asked:text('asked')", state="detached")
        for decision in ("approved", "delivered"):
            page.get_by_role("button", name=SIGNED[theme]).press("Enter")
            page.locator("#decision textarea").fill("heard in full")
            page.locator(f"#decision [value={decision}]").press("Enter")
            page.locator("#decision").wait_for(state="hidden")
            here.until(f"document.querySelectorAll('.deliverable .state.{decision}').length > 0")
        found += faults(here, WIDTH)
    assert found == []
    assert decisions(demo.catalog, SIGNED[theme].split()[2])[:2] == ["delivered", "approved"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_with_the_mouse_the_demo_is_followed_from_the_board_to_the_master(
    demo: Desk, chromium: Any, theme: str
) -> None:
    found: list[str] = []
    with visit(chromium, demo, theme=theme, width=WIDTH) as here:
        page = here.open("/", "#lines table")
        page.get_by_role("link", name="netflix-nearfield in fr-FR").click()
        page.get_by_role("heading", name="Checks of the delivered file").wait_for()
        found += faults(here, WIDTH)
        page.get_by_role("link", name="Lineage").click()
        master = page.locator("a[href^='/lineage/asset/']", has_text="master.mov").first
        model = page.locator("a[href^='/lineage/model/']").first
        assert "bandsplit-small" in model.inner_text()
        found += faults(here, WIDTH)
        model.click()
        # What else the model made: every deliverable has its M&E.
        assert page.locator("a[href^='/deliverables/']").count() >= 4
        found += faults(here, WIDTH)
        page.go_back()
        master.click()
        assert page.locator("a[href^='/deliverables/']").count() >= 4
        for place in ("Reports", "People", "Audit"):
            page.get_by_role("navigation").get_by_role("link", name=place).click()
            page.get_by_role("heading", level=1).wait_for()
            found += faults(here, WIDTH)
    assert found == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_among_ten_thousand_titles_one_is_found(studio: Desk, chromium: Any, theme: str) -> None:
    found: list[str] = []
    with visit(chromium, studio, theme=theme, width=WIDTH) as here:
        page = here.open("/", "#lines table")
        assert f"{TITLES} titles" in page.locator(".pages").inner_text()
        found += faults(here, WIDTH)
        page.get_by_label("Search").fill("harbor")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("search=harbor"))
        assert {name.lower().find("harbor") >= 0 for name in page.locator("th.name a").all_inner_texts()} == {True}
        page.get_by_role("link", name="Next").press("Enter")
        page.wait_for_url(re.compile("page=2"))
        page.get_by_label("Language").select_option("fr-FR")
        page.get_by_label("Sort by").select_option("name")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url(re.compile("sort=name"))
        names = page.locator("th.name a").all_inner_texts()
        assert names == sorted(names, key=str.lower) and len(names) > 10
        page.get_by_role("navigation", name="State").get_by_role("link", name="stale").click()
        page.wait_for_url(re.compile("state=stale"))
        assert page.locator(".state.stale").count() > 0
        found += faults(here, WIDTH)
        page.locator("th.name a").first.click()
        page.wait_for_selector("main h1")
        found += faults(here, WIDTH)
    assert found == []
