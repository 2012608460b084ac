"""A desk as a process of its own, over a catalog of its own, and Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dashboards.access.passwords import hash_password
from dashboards.settings import ReviewSettings
from db.catalog import Catalog
from db.people import add_person
from db.stores import open_store
from tests.dashboards.browser.film import Workshop

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

TOKEN, PASSWORD = "let-me-in", "correct horse battery"
# Sound is looked at and never heard, so no hand has to allow it; there is no sandbox inside a container.
_SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--mute-audio",
)  # fmt: skip
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(slots=True)
class Desk:
    """A running desk: its address, its catalog, and the folder of the sounds that its title was made of."""

    url: str
    catalog: Catalog
    made: Path


@contextmanager
def running_desk(home: Path, fill: Callable[[Workshop], object]) -> Iterator[Desk]:
    """A desk in a process of its own, over what ``fill`` put into a catalog and its store."""
    url = f"sqlite:///{home / 'catalog.db'}"
    home.mkdir(parents=True)
    settings = ReviewSettings(home=home, database_url=url, store_url=str(home / "store"))
    catalog = Catalog.open(url)
    fill(Workshop(catalog, open_store(settings.store_place, cache=home / "cache", cache_limit=1 << 30), home / "made"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"DUBLINE_HOME": str(home), "DUBLINE_DATABASE_URL": url, "DUBLINE_STORE_URL": str(home / "store")}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dubline")), "review", "--port", str(port)],
        env=os.environ | given | {"DUBLINE_REVIEW_TOKEN": TOKEN},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/login", process)
        yield Desk(f"http://127.0.0.1:{port}", catalog, home / "made")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
        catalog.close()


def let_in(catalog: Catalog, name: str, *, role: str = "viewer") -> None:
    """Write down a person; a desk that finds one at its start has everybody log in."""
    with catalog.write() as session:
        add_person(session, name, role=role, password_hash=hash_password(PASSWORD))


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail("the desk does not come up")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        pytest.skip(f"none of {', '.join(_BROWSERS)} on this machine")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=list(_SWITCHES))
        yield browser
        browser.close()


@dataclass(slots=True)
class Visit:
    """A page with its desk, and everything that the browser complained of."""

    page: Any
    desk: Desk
    complaints: list[str] = field(default_factory=list)

    def until(self, script: str, seconds: float = 15.0) -> None:
        """Wait until ``script`` is true. The page's own policy refuses what Playwright waits with."""
        deadline = time.monotonic() + seconds
        while not self.page.evaluate(script):
            assert time.monotonic() < deadline, script
            time.sleep(0.02)

    def open(self, path: str, ready: str = "[data-ready]") -> Any:
        """Go to a page and wait until its script has made it."""
        self.page.goto(self.desk.url + path)
        self.page.wait_for_selector(ready)
        return self.page


@contextmanager
def visit(
    chromium: Any,
    desk: Desk,
    *,
    theme: str = "light",
    width: int = 1280,
    height: int = 900,
    person: str | None = None,
    allowed: tuple[int, ...] = (),
) -> Iterator[Visit]:
    """Somebody at this machine's desk; fails at the end where the browser's console had something to say.

    A ``person`` whom `let_in` wrote down logs in under that name; without one it is whoever may do everything. The
    console tells of every page with an error's status, too: those of ``allowed`` are what the test is after.
    """
    context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    context.set_default_timeout(15_000)
    made = Visit(context.new_page(), desk)
    made.page.on(
        "console",
        lambda said: (
            made.complaints.append(said.text)
            if said.type in ("error", "warning") and not any(f"status of {one}" in said.text for one in allowed)
            else None
        ),
    )
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    if person is None:
        made.page.goto(f"{desk.url}/enter?token={TOKEN}")
    else:
        made.page.goto(f"{desk.url}/login")
        made.page.get_by_label("Name").fill(person)
        made.page.get_by_label("Password").fill(PASSWORD)
        made.page.get_by_role("button", name="Log in").click()
        made.page.wait_for_selector("nav")
    yield made
    context.close()
    assert made.complaints == []
