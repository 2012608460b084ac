"""Faults of the machine: exit 5, one clear line, nothing half-written; wrong usage: exit 2."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from cli.main import run
from db.catalog import Catalog

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    line = capsys.readouterr().err
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    return line


def in_mounted(
    mounts: dict[Path, str], command: list[str], home: Path, *, meanwhile: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` where each path is a tmpfs with those options; needs nobody's permission (user namespace).

    ``meanwhile`` is what a shell does there at the same time.
    """
    script = ""
    for path, options in mounts.items():
        path.mkdir(parents=True, exist_ok=True)
        script += f"mount -t tmpfs -o {options} tmpfs {shlex.quote(str(path))} && "
    listing = f"; code=$?; find {' '.join(shlex.quote(str(path)) for path in mounts)} -type f; exit $code"
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script + meanwhile + shlex.join(command) + listing],
        env={**os.environ, "DUBLINE_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs in a namespace of its own")
@pytest.mark.usefixtures("prefect_server")
def test_a_full_or_read_only_disk_is_named_and_leaves_nothing_half_written(
    home: Path, sample: Path, tmp_path: Path
) -> None:
    out, order = tmp_path / "out", str(sample / "order.yaml")
    localize = [*DUBLINE, "localize", order, "--out", str(out)]

    read_only = in_mounted({out: "ro"}, localize, home)
    assert (read_only.returncode, read_only.stdout) == (5, "")
    assert "Read-only" in read_only.stderr

    full_home = in_mounted({home: "size=3m"}, localize, home)
    assert full_home.returncode == 5, full_home.stderr
    assert full_home.stderr.startswith("error: ")
    assert full_home.stderr.count("\n") == 1

    full_out = in_mounted({out: "size=1m"}, localize, home)
    assert (full_out.returncode, full_out.stdout) == (5, "")
    assert "free" in full_out.stderr

    # Room enough when the run begins, and none when it publishes: somebody else has filled the disk meanwhile.
    events, filler = tmp_path / "events", out / "filler"
    fill = f"dd if=/dev/zero of={shlex.quote(str(filler))} bs=64k 2>&-"
    begun = f"grep -qs harbor.separate {shlex.quote(str(events))}"
    meanwhile = f"(until {begun} || ! kill -0 $$; do sleep 0.1; done; {fill}) & "
    filled = in_mounted(
        {out: "size=200m"}, localize, home, meanwhile=meanwhile, DUBLINE_OPENLINEAGE_URL=events.as_uri()
    )
    assert (filled.returncode, filled.stdout) == (5, f"{filler}\n"), filled.stderr
    assert "to publish and 0 MiB free" in filled.stderr

    assert subprocess.run([*localize, "--json"], env={**os.environ, "DUBLINE_HOME": str(home)}, check=False,
                          capture_output=True).returncode in (0, 4)  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value", "what"),
    [
        ("DUBLINE_FFMPEG", "/nowhere/ffmpeg", "ffmpeg"),
        ("DUBLINE_DEVICE", "tpu", "tpu"),
        ("DUBLINE_JOBS", "0", "DUBLINE_JOBS"),
        ("DUBLINE_DATABASE_URL", "postgresql+psycopg://dubline@127.0.0.1:1/catalog", "database"),
        ("DUBLINE_HOME", "/proc/dubline", "/proc/dubline"),
    ],
)
def test_a_wrong_setting_is_named(
    setting: str,
    value: str,
    what: str,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(setting, value)
    assert run(["catalog", "titles"]) == 5
    assert what in said(capsys)


def test_a_catalog_from_a_newer_dubline_is_left_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    url = f"sqlite:///{home / 'catalog.db'}"
    Catalog.open(url).close()
    with create_engine(url).begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999_from_the_future'"))
    assert run(["catalog", "titles"]) == 5
    assert "newer" in said(capsys)


def test_doctor_finds_what_is_wrong_and_says_how_to_mend_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["doctor"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("DUBLINE_FFMPEG", "/nowhere/ffmpeg")
    assert run(["doctor", "--json"]) == 5
    assert "/nowhere/ffmpeg" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["localise"], ["localize"], ["localize", "order.yaml", "--fast"], ["separate", "a.wav"], ["measure", "--spec"]],
)
def test_wrong_usage_is_exit_2_and_one_line(
    arguments: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert "--help" in said(capsys)


@pytest.mark.parametrize("verb", ["", "localize", "separate", "detect", "clean", "measure", "conform", "specs",
                                  "policies", "models", "catalog", "doctor", "demo",
                                  "submit", "up", "server", "deploy", "worker"])  # fmt: skip
def test_help_shows_an_example(verb: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*verb.split(), "--help"]) == 0
    assert "Example: dubline" in capsys.readouterr().out
