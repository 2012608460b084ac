"""Settings are read once, and are none the less what their sources say now."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import DbError
from tasks.settings import Settings


def test_a_change_of_the_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("one", "two", "one"):
        monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / folder))
        assert Settings.load().home == tmp_path / folder
    monkeypatch.delenv("DUBLINE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.load().home == tmp_path / ".dubline"


def test_a_change_of_the_env_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DUBLINE_JOBS", raising=False)
    for text, jobs in (("DUBLINE_JOBS=3\n", 3), ("DUBLINE_JOBS=11\n", 11)):
        Path(".env").write_text(text)
        assert Settings.load().jobs == jobs
    Path(".env").write_text("DUBLINE_JOBS=none\n")
    with pytest.raises(DbError, match="DUBLINE_JOBS"):
        Settings.load()
    Path(".env").write_text("DUBLINE_JOBS=7\n")
    assert Settings.load().jobs == 7


def test_a_secret_that_was_changed_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "url"
    monkeypatch.setenv("DUBLINE_DATABASE_URL_FILE", str(secret))
    for password in ("old", "newer"):
        secret.write_text(f"postgresql://dubline:{password}@db/dubline\n")
        assert password in str(Settings.load().database_url)


def test_what_did_not_change_is_the_same_object() -> None:
    assert Settings.load() is Settings.load()
