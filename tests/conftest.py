"""What tests of every floor share: a home of their own, a Prefect server, a six-second cut of the sample film."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# As `cli.main` does, and before Prefect reads it: its console would write into streams that pytest has closed.
os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"

from prefect.settings import PREFECT_API_URL

from flows.server import prefect_api
from samples.build import build
from tasks import cancel
from tests.object_store import Endpoint, endpoint
from tests.postgres import Cluster, cluster


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DUBLINE_HOME, with no other setting of the user's in effect."""
    settings_of_the_user = (
        "DATABASE_URL", "STORE_URL", "CACHE_DIR", "CACHE_LIMIT", "DEVICE", "GPU_POOL", "MODELS_DIR", "SPECS_DIR",
        "FFMPEG", "JOBS", "PRECISION", "LOG", "LOG_FILE", "OPENLINEAGE_URL", "WEBHOOK_URL", "REVIEW_URL",
    )  # fmt: skip
    for name in settings_of_the_user:
        monkeypatch.delenv(f"DUBLINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "home"))
    # An empty catalog counts its runs from one, and this process may have seen another's first run fail.
    cancel.begin(1)
    return tmp_path / "home"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole titles first: a file of tests is one worker's, and the longest would keep a single one busy at the end."""
    items.sort(key=lambda item: "flows" not in item.path.parts)


@pytest.fixture(scope="session")
def prefect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `prefect_server` keeps its database."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture(scope="session")
def prefect_server(prefect_folder: Path) -> Iterator[str]:
    """A real Prefect server, for this process and, through the environment, for its children; gives its URL."""
    with prefect_api(prefect_folder):
        url = str(PREFECT_API_URL.value())
        os.environ["PREFECT_API_URL"] = url
        yield url
        del os.environ["PREFECT_API_URL"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server for this session."""
    with cluster() as server:
        if server is None:
            pytest.skip("no PostgreSQL server on this machine")
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[Endpoint]:
    """An S3 endpoint for this session."""
    with endpoint() as served:
        yield served


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the sample title, cut to six seconds: a line, a laugh, music and effects, stereo and 5.1."""
    return build(tmp_path_factory.mktemp("sample"), seconds=6).parent
