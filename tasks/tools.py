"""Versions of the programs a recipe depends on: a major change makes what they made stale."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import version

from dubline.media import ffmpeg


def tool_versions(names: Iterable[str]) -> dict[str, str]:
    """Major version of each tool, ``ffmpeg`` or the name of a Python package."""
    return {name: major(ffmpeg.version() if name == "ffmpeg" else _installed(name)) for name in names}


@cache
def _installed(package: str) -> str:
    """Asked for by every step of every title, it is read once: a process does not outlive what it has imported."""
    return version(package)


def major(full: str) -> str:
    """``2.13.0`` -> ``2``; a build of no release (``N-1234-gabc``) is its own major version."""
    head = full.lstrip("n").split(".")[0]
    return head if head.isdigit() else full
