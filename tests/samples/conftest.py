"""The sample title, built once: six seconds of it hold a title card, a line and a laugh."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples.build import build


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a six-second cut, in stereo and 5.1."""
    folder = tmp_path_factory.mktemp("glass harbor's")
    build(folder, seconds=6)
    return folder
