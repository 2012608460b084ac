"""Producers with a mouse and with a keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.browser.conftest import Desk, let_in, running_desk, visit
from tests.dashboards.browser.film import EVENTS, LANGUAGE, Workshop, long_title, short_title

pytestmark = pytest.mark.slow

TITLE = "/titles/glass-harbor"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A title that ran twice, and one of two hours."""

    def fill(room: Workshop) -> None:
        short_title(room, runs=2)
        long_title(room, hours=2.0, events=2000)

    with running_desk(tmp_path_factory.mktemp("desk") / "home", fill) as running:
        yield running


def edits(desk: Desk) -> list[Any]:
    return desk.catalog.edits(desk.catalog.title("glass-harbor").summary.version_id, standing=True)


def test_with_the_mouse_a_missed_event_is_drawn_changed_and_taken_back(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open(TITLE)
        page.get_by_role("button", name="Draw event").click()
        box = page.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.70, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 200, steps=5)
        page.mouse.up()
        page.locator("select[name=label]").select_option("cough")
        page.locator("#event-form textarea").fill("off screen <b>left</b>")
        page.get_by_role("button", name="Add this event").click()
        page.wait_for_selector(".event-row:has-text('cough')")
        (added,) = edits(desk)
        assert (added.kind, added.body["label"], added.note) == ("add", "cough", "off screen <b>left</b>")
        assert added.body["start_seconds"] == pytest.approx(0.70 * 8.0, abs=0.05)
        assert added.body["end_seconds"] == pytest.approx(0.75 * 8.0, abs=0.05)
        page.locator(".event-row:has-text('cough')").click()
        assert "<b>left</b>" in page.locator("#event-facts").inner_text()
        page.get_by_role("button", name="Take edit back").click()
        page.wait_for_selector(".event-row:has-text('cough')", state="detached")
        assert edits(desk) == []


def test_by_keyboard_an_event_is_drawn_dropped_and_a_deliverable_approved(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open(TITLE)
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("d")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("d")
        page.wait_for_selector("#event-form:not([hidden])")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Add this event").press("Enter")
        page.wait_for_selector(".event-row .asked:text('asked')")
        page.keyboard.press("Home")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("n")
        page.keyboard.press("n")
        page.keyboard.press("x")
        here.until(
            "document.querySelectorAll('.event-row.gone').length === 1 || window.titlePage.view.edits.length === 1"
        )
        page.keyboard.press("a")
        page.locator("#decision textarea").fill("heard in full")
        page.locator("#decision [value=approved]").press("Enter")
        page.wait_for_selector(".state.approved")
        page.locator(".deliverable:has(.state.approved) button").press("Enter")
        assert not page.locator("#decision [value=approved]").is_visible()
        page.locator("#decision [value=delivered]").press("Enter")
        page.wait_for_selector(".state.delivered")
        for edit in edits(desk):
            page.evaluate(f"desk.ask('DELETE', '/api/titles/glass-harbor/edits/{edit.edit_id}')")
    states = [one.state for one in desk.catalog.title("glass-harbor").deliverables]
    assert "delivered" in states


def test_tracks_are_switched_by_number_name_and_swap_and_the_timeline_zooms_and_moves(
    desk: Desk, chromium: Any
) -> None:
    with visit(chromium, desk) as here:
        page = here.open(TITLE)
        heard = "window.titlePage.player.heard"
        page.keyboard.press("1")
        assert page.evaluate(heard) == "ov"
        page.keyboard.press("7")
        assert page.evaluate(heard) == f"mix-{LANGUAGE}"
        page.keyboard.press("b")
        assert page.evaluate(heard) == "ov"
        page.get_by_role("button", name="DX guide").click()
        assert page.evaluate(heard) == "dx_guide"
        whole = page.evaluate("window.titlePage.state.scale")
        page.keyboard.press("+")
        page.keyboard.press("+")
        assert page.evaluate("window.titlePage.state.scale") == pytest.approx(whole / 4)
        page.locator("#stage").hover()
        page.mouse.wheel(0, 400)
        assert page.evaluate("window.titlePage.state.scale") > whole / 4
        page.keyboard.press("0")
        assert page.evaluate("window.titlePage.state.scale") == pytest.approx(whole)
        page.locator("#stage").click(position={"x": 300, "y": 250})
        assert page.evaluate("window.titlePage.state.head") == pytest.approx(300 * whole, abs=whole)
        page.locator(".event-row").nth(1).click()
        assert page.evaluate("window.titlePage.state.selected") == EVENTS[1].id
        page.locator(".note-form, #note-form textarea").first.fill("<script>alert(1)</script>")
        page.get_by_role("button", name="Write note").click()
        page.wait_for_selector(".note:has-text('<script>')")


def test_giving_up_a_drawn_event_goes_back_to_the_chosen_one(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open(TITLE)
        page.keyboard.press("n")
        chosen = page.locator("#event-heading").inner_text()
        for key in ("d", "ArrowRight", "d"):
            page.keyboard.press(key)
        assert page.locator("#event-heading").inner_text() == "A missed event"
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        assert not page.locator("#event-form").is_visible()
        assert page.locator("#event-heading").inner_text() == chosen


def test_with_single_keys_off_the_slider_of_the_film_still_obeys(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open(TITLE)
        page.keyboard.press("?")
        page.locator("#keys-off").check()
        page.keyboard.press("Escape")
        page.keyboard.press("n")
        assert page.evaluate("window.titlePage.state.selected") is None
        page.locator("#minimap").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("window.titlePage.state.head") == 1


def test_a_viewer_hears_everything_and_changes_nothing(chromium: Any, tmp_path: Path) -> None:
    def fill(room: Workshop) -> None:
        short_title(room)
        let_in(room.catalog, "vera")

    with running_desk(tmp_path / "home", fill) as desk, visit(chromium, desk, person="vera") as here:
        page = here.open(TITLE)
        page.keyboard.press("n")
        page.keyboard.press("]")
        here.until("window.titlePage.player.playing")
        page.keyboard.press("e")
        assert not page.locator("#event-form").is_visible()
        assert "reviewer" in page.locator("#said").inner_text()
        assert page.locator("#drop").is_disabled()
        assert page.get_by_role("button", name="Draw event").is_disabled()
        assert page.locator("#note-form").count() == 0
        page.keyboard.press("a")
        assert not page.locator("#decision").is_visible()


def test_two_candidates_are_seen_and_heard_side_by_side(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open(f"{TITLE}/compare")
        assert "/compare/1/2" in page.url
        assert page.locator("#heard").inner_text() == "A is heard"
        page.keyboard.press("b")
        assert page.locator("#heard").inner_text() == "B is heard"
        page.get_by_role("button", name="Play").click()
        page.wait_for_selector("#play:text('Pause')")
        page.keyboard.press("Space")
        page.wait_for_selector("#play:text('Play')")


def test_a_title_of_two_hours_is_there_in_a_second_and_a_half(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        here.open("/titles/long-night")
        took = []
        for _ in range(3):
            page = here.open("/titles/long-night")
            took.append(page.evaluate("performance.getEntriesByName('title-ready')[0].startTime"))
        assert min(took) < 1500.0
        assert page.evaluate("window.titlePage.state.events.length") == 2000
