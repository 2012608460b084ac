"""Bytes by signed addresses: whole, by ranges, and for a while only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboards.desk import Desk
from dashboards.media import signed
from db.recipes import Recipe
from tests.dashboards.conftest import Browser
from tests.db.conftest import Studio, sha256_of

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def address(studio: Studio, desk: Desk) -> str:
    """Where a stored file of 10,240 bytes is for a minute."""
    version = studio.version()
    made = studio.step(studio.run(version), "tone", {"master": studio.master()}, {"tone": CONTENT})
    return signed(desk, made["tone"], "tone", 60)


def test_the_whole_file_with_its_type_and_tag(browser: Callable[..., Browser], address: str) -> None:
    answer = browser("viewer").get(address)
    assert answer.content == CONTENT
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{sha256_of(CONTENT)}"'


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("0-0", 0, 0), ("0-99", 0, 99), ("100-", 100, 10239), ("-40", 10200, 10239), ("10239-99999", 10239, 10239)],
)
def test_ranges(browser: Callable[..., Browser], address: str, asked: str, first: int, last: int) -> None:
    answer = browser("viewer").get(address, headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/10240"
    assert answer.content == CONTENT[first : last + 1]


def test_a_range_beyond_the_end(browser: Callable[..., Browser], address: str) -> None:
    answer = browser("viewer").get(address, headers={"Range": "bytes=10240-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"].endswith("*/10240")


def test_what_the_browser_has_is_not_sent_again(browser: Callable[..., Browser], address: str) -> None:
    one = browser("viewer")
    tag = one.get(address).headers["etag"]
    again = one.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    resumed = one.get(address, headers={"Range": "bytes=5-9", "If-Range": tag})
    assert (resumed.status_code, resumed.content) == (206, CONTENT[5:10])


def test_an_address_is_over_when_its_time_is(browser: Callable[..., Browser], desk: Desk) -> None:
    assert browser("viewer").get(signed(desk, sha256_of(CONTENT), "tone", -1)).status_code == 410


def test_bytes_that_are_gone_are_said_to_be(browser: Callable[..., Browser], studio: Studio, address: str) -> None:
    studio.lose(CONTENT)
    assert browser("viewer").get(address).status_code == 404


def test_a_page_among_the_assets_is_handed_over_as_a_file(
    browser: Callable[..., Browser], studio: Studio, desk: Desk
) -> None:
    """Shown in the desk's name it could ask the desk for anything."""
    version = studio.version()
    page = studio.put(b"<script>alert(1)</script>", suffix=".html")
    run = studio.run(version)
    recipe = Recipe(stage="page", stage_version=1, params={}, inputs={"master": studio.master()})
    step = studio.catalog.begin_step(run, recipe)
    studio.catalog.finish_step(step, {"page": page})
    answer = browser("viewer").get(signed(desk, page.sha256, "page", 60))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
