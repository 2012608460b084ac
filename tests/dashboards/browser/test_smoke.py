"""A producer at the keyboard: to the next event, hear it, change it, and it is kept under their name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboards.browser.conftest import Desk, running_desk, visit
from tests.dashboards.browser.film import EVENTS, short_title


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk") / "home", lambda room: short_title(room, seconds=6.0)) as running:
        yield running


def test_an_event_is_found_heard_and_changed_by_keyboard_alone(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open("/titles/glass-harbor")
        page.keyboard.press("n")
        page.keyboard.press("n")
        assert page.locator("#event-heading").inner_text().startswith("laughter")
        page.keyboard.press("]")
        here.until("window.titlePage.player.playing && window.titlePage.player.frame > 60000")
        page.keyboard.press("Space")
        here.until("!window.titlePage.player.playing")
        page.keyboard.press("e")
        page.locator("select[name=disposition]").select_option("keep")
        page.locator("#event-form textarea").fill("she never speaks")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".event-row .asked:text('asked')")
    version_id = desk.catalog.title("glass-harbor").summary.version_id
    (edit,) = desk.catalog.edits(version_id, standing=True)
    assert (edit.kind, edit.event_id, edit.note) == ("change", EVENTS[1].id, "she never speaks")
    assert edit.body["disposition"] == "keep"
    assert edit.who
