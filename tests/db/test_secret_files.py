"""A setting may stand in a file, and is none the less the same setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import DbError
from db.settings import Places
from tasks.settings import Settings

URL = "postgresql://dubline:word@db/dubline"


@pytest.fixture
def secret(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "database_url"
    path.write_text(f"{URL}\n")
    return path


@pytest.mark.parametrize("settings", [Places, Settings])
def test_a_secret_is_read_from_the_file_that_is_named(
    settings: type[Places], secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL_FILE", str(secret))
    assert settings.load().catalog_url == URL


def test_the_setting_itself_comes_first(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL_FILE", str(secret))
    monkeypatch.setenv("DUBLINE_DATABASE_URL", "sqlite:////elsewhere.db")
    assert Settings.load().catalog_url == "sqlite:////elsewhere.db"


def test_a_file_that_is_not_there_is_named_and_nothing_is_guessed(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret.unlink()
    monkeypatch.setenv("DUBLINE_DATABASE_URL_FILE", str(secret))
    with pytest.raises(DbError, match="database_url"):
        Settings.load()


class Logged(Places):
    """Two settings, the name of one of which is the other's with the ending of a file."""

    log: str = "none"
    log_file: Path | None = None


def test_a_setting_whose_name_ends_so_is_not_taken_for_another_s_file(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBLINE_LOG_FILE", str(secret))
    assert (Logged.load().log, Logged.load().log_file) == ("none", secret)
