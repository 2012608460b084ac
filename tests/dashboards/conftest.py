"""A desk over a catalog with a title localized in miniature, and browsers of people with each role."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from dashboards.access import passwords
from dashboards.access.sessions import COOKIE, hash_of
from dashboards.app import create_app
from dashboards.desk import Desk
from dashboards.settings import ReviewSettings
from db.catalog import Catalog
from db.orders import WantedFile
from db.people import add_person
from db.stores import open_store
from tests.db.conftest import Studio

PASSWORD = "correct horse battery"
ROLES = ("viewer", "reviewer", "admin")
TOKEN = "let me in"
HOST = "http://127.0.0.1:8400"


def settings_in(home: Path, **more: Any) -> ReviewSettings:
    """Settings of a desk in a folder of its own; no server of other tests is asked."""
    given: dict[str, Any] = {
        "home": home,
        "database_url": f"sqlite:///{home / 'catalog.db'}",
        "store_url": str(home / "store"),
        "review_secret": SecretStr("a secret of these tests"),
        "PREFECT_API_URL": None,
        "PREFECT_UI_URL": None,
    }
    return ReviewSettings(**(given | more))


def studio_in(home: Path, folder: Path) -> Studio:
    """The catalog and store that a desk shows, and hands to fill them."""
    settings = settings_in(home)
    store = open_store(settings.store_place, cache=settings.cache_root, cache_limit=settings.cache_limit)
    return Studio(Catalog.open(settings.catalog_url), store, folder)


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """A password takes a third of a second to check, on purpose; here a hundredth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_N", 2**10)
        yield


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one person of each role and the title glass-harbor, once for all: its migrations take a while."""
    home = tmp_path_factory.mktemp("desk") / "home"
    studio = studio_in(home, home.parent / "studio")
    studio.localize()
    version_id = studio.catalog.title("glass-harbor").summary.version_id
    wanted = [WantedFile("fr-FR", "ebu-r128", "mov", "pcm_s24le"), WantedFile("es-419", "web", "mp4", "aac")]
    order, out = studio.folder / "order.yaml", studio.folder / "out"
    studio.catalog.record_order(version_id, {"title": {"id": "glass-harbor"}}, path=order, out=out, wanted=wanted)
    with studio.catalog.write() as session:
        for role in ROLES:
            add_person(session, role, role=role, password_hash=passwords.hash_password(PASSWORD))
    studio.catalog.close()
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def desk_settings(home: Path) -> Callable[..., ReviewSettings]:
    """Makes settings of a desk over this home."""
    return lambda **more: settings_in(home, **more)


@pytest.fixture
def studio(home: Path, tmp_path: Path) -> Studio:
    """The catalog and store that the desk shows, and hands to fill them."""
    return studio_in(home, tmp_path / "studio")


@pytest.fixture
def deliverable(studio: Studio) -> int:
    """A deliverable of the title glass-harbor that passed its check; its id."""
    found: int = studio.catalog.title("glass-harbor").deliverables[0].deliverable_id
    return found


@pytest.fixture(scope="session")
def routes(made: Path) -> FastAPI:
    """The application, whose routes take a tenth of a second to put together."""
    return create_app(settings_in(made))


@pytest.fixture
def app(routes: FastAPI, desk_settings: Callable[..., ReviewSettings]) -> Iterator[FastAPI]:
    """The desk for people, over the home of one test."""
    kept = routes.state.desk
    routes.state.desk = Desk.open(desk_settings())
    yield routes
    routes.state.desk.close()
    routes.state.desk = kept


@pytest.fixture
def desk(app: FastAPI) -> Desk:
    """What the pages of `app` work with."""
    found: Desk = app.state.desk
    return found


@pytest.fixture
def browser(app: FastAPI) -> Callable[..., Browser]:
    """Makes browsers: `browser()` of nobody, `browser("viewer")` of somebody who is in."""
    return lambda name=None: Browser(app, name)


class Browser(TestClient):
    """A browser that sends the token of the page it is on, and shows errors of the server as such."""

    def __init__(self, app: FastAPI, name: str | None = None) -> None:
        super().__init__(app, base_url=HOST, raise_server_exceptions=False, follow_redirects=False)
        self.csrf = ""
        if name is not None:
            self.enter(app.state.desk, name)

    def enter(self, desk: Desk, name: str) -> None:
        """Take a session from the desk itself."""
        person = desk.catalog.person(name)
        assert person is not None
        token = f"session of {name} {id(self)}"
        desk.catalog.open_session(hash_of(token), person_id=person.person_id, address="test", lasts=timedelta(hours=1))
        self.cookies.set(COOKIE, token)
        self.csrf = self.get("/api/me").json()["csrf"]

    def log_in(self, name: str, password: str = PASSWORD, **more: str) -> Any:
        """Log in by the form; gives the answer."""
        self.csrf = token_in(self.page("/login").text)
        answer = self.submit("/login", name=name, password=password, **more)
        if answer.status_code == 303:
            self.csrf = self.get("/api/me").json()["csrf"]
        return answer

    def page(self, address: str) -> Any:
        """GET as a person does."""
        return self.get(address, headers={"Accept": "text/html"})

    def submit(self, address: str, **fields: Any) -> Any:
        """Send a form of a page of ours."""
        return self.post(address, data={**fields, "csrf": self.csrf}, headers={"Accept": "text/html"})

    def ask(self, method: str, address: str, body: Any = None) -> Any:
        """A request of a script of ours."""
        return self.request(method, address, json=body, headers={"X-CSRF-Token": self.csrf})


def token_in(page: str) -> str:
    """The token that a page carries."""
    return page.split('name="csrf" content="')[1].split('"', maxsplit=1)[0]
