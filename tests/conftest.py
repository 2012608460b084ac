"""What tests of every floor share: a home of their own, never the user's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty DUBLINE_HOME, with no other setting of the user's in effect."""
    for name in ("DATABASE_URL", "STORE_URL", "DEVICE", "GPU_POOL", "MODELS_DIR", "FFMPEG", "JOBS"):
        monkeypatch.delenv(f"DUBLINE_{name}", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
