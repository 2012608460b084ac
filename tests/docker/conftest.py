"""The folder of images and compose, read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """`compose.yaml` with its anchors resolved."""
    read: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return read
