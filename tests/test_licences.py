"""Every dependency's licence is recorded, and none forbids commercial use."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def locked() -> set[str]:
    lines = [line for lock in ROOT.glob("requirements*.lock") for line in lock.read_text().splitlines()]
    return {line.split("==")[0] for line in lines if "==" in line}


def recorded() -> dict[str, str]:
    table = (ROOT / "docs" / "licences.md").read_text().split("## Every dependency")[1]
    return dict(re.findall(r"^\| ([\w.-]+) \| (.+?) \|$", table, flags=re.M))


def test_every_locked_package_has_its_licence_recorded() -> None:
    assert locked() <= recorded().keys()


def test_no_licence_is_empty_or_non_commercial() -> None:
    for package in locked():
        licence = recorded()[package]
        assert licence.strip()
        assert not re.search(r"NC|non.?commercial|research only", licence, flags=re.I), f"{package}: {licence}"


def test_torch_is_pinned_exactly_and_fastapi_below_what_prefect_starts_with() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = dict(line.split(";")[0].split("==") for line in lines if "==" in line)
    assert pins["torch"] == "2.13.0"
    assert tuple(map(int, pins["fastapi"].split(".")[:2])) < (0, 155)
