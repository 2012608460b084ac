"""The log is set up before anything is imported that writes to it, or refused in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]

# What a command does; a worker and its runs inherit what it puts into the environment.
WRITE = """
from tasks import logs
logs.set_up()
import logging
from prefect import flow
for name in ("tasks.step", "prefect.workers", "sqlalchemy.engine"):
    logging.getLogger(name).info("said")
"""


def test_ours_and_prefect_s_lines_go_to_one_file(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "logs" / "dubline.jsonl"
    environment = {**os.environ, "DUBLINE_LOG": "json", "DUBLINE_LOG_FILE": str(path)}
    done = subprocess.run([sys.executable, "-c", WRITE], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    # Of other libraries only warnings are wanted.
    assert [line["logger"] for line in lines] == ["tasks.step", "prefect.workers"]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [("DUBLINE_LOG", "xml", "DUBLINE_LOG"), ("DUBLINE_LOG_FILE", "/proc/nowhere/log", "/proc/nowhere")],
)
def test_a_log_that_cannot_be_is_refused_in_one_line(setting: str, value: str, said: str, home: Path) -> None:
    environment = {**os.environ, "DUBLINE_LOG": "json", setting: value}
    done = subprocess.run([*DUBLINE, "specs"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (5, "", 1)
    assert said in done.stderr
