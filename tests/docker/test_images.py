"""The image's recipe: what a linter says of it, and what it promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.docker.conftest import DOCKER

ROOT = DOCKER.parent
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
# Lines that end with a backslash go on.
INSTRUCTIONS = [line for line in re.sub(r"\\\n\s*", " ", DOCKERFILE).splitlines() if line and line[0] != "#"]


def stages() -> dict[str, tuple[str, list[str]]]:
    """Stage -> what it is built on, and its instructions."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in INSTRUCTIONS:
        if line.startswith("FROM "):
            _, base, _, name = line.split()
            found[name] = (base, [])
        else:
            found[name][1].append(line)
    return found


def lineage(stage: str) -> list[str]:
    """All instructions that a stage consists of, those of its bases first."""
    known = stages()
    base, own = known[stage]
    return [*(lineage(base) if base in known else []), *own]


def test_the_linter_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint
    done = subprocess.run([hadolint, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("target", ["cpu", "cuda"])
def test_an_image_runs_as_nobody_special_and_installs_nothing(target: str) -> None:
    instructions = lineage(target)
    users = [line.split()[1] for line in instructions if line.startswith("USER ")]
    assert users and users[-1].partition(":")[0] not in ("root", "0")
    assert not [line for line in instructions if re.search(r"\b(pip|apt-get|apt|curl|wget|gcc) ", line)]
    assert any(line.startswith("HEALTHCHECK ") and "NONE" not in line for line in instructions)


def test_bases_are_pinned_to_an_exact_version() -> None:
    for name, (base, _) in stages().items():
        assert base in stages() or re.search(r":\d+\.\d+\.\d+", base), name


def test_packages_are_held_to_the_lock() -> None:
    installs = [line for line in INSTRUCTIONS if "pip" in line and " install " in line]
    loose = [line for line in installs if "requirements.lock" not in line and "torch.lock" not in line]
    assert len(installs) == 4
    assert all(re.search(r" [\w-]+==[\d.]+$", line) for line in loose)


def test_what_is_copied_is_there_and_travels_to_the_builder() -> None:
    sources = [
        word
        for line in INSTRUCTIONS
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
        if not word.startswith("--")
    ]
    allowed = [line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"]
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source == "." or source in allowed, source
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]["include"]
    for package in packages:
        assert any(fnmatch(name, package) for name in allowed), package
