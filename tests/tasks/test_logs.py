"""Every line says what it belongs to, and no line of many processes is lost or torn."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from contextvars import copy_context
from pathlib import Path

import pytest

from tasks.log_file import SharedFile
from tasks.logs import JsonLine, TextLine, about


def record(message: str = "done", *, name: str = "tasks.step", **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, __file__, 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_a_line_has_every_field_whoever_wrote_it() -> None:
    ours, theirs = record(), record(name="prefect.task_runs", task_name="demux", flow_run_id="f-1")
    with about(title="glass-harbor", run=7, flow_run="f-1"):
        with about(step="demux", subject="fr-FR"):
            first = json.loads(JsonLine().format(ours))
        second = json.loads(JsonLine().format(theirs))
    outside = json.loads(JsonLine().format(record(name="sqlalchemy.pool")))
    assert first.keys() == second.keys() == outside.keys()
    for line in (first, second):
        assert (line["title"], line["run"], line["step"], line["flow_run"]) == ("glass-harbor", 7, "demux", "f-1")
    assert first["subject"] == "fr-FR"
    assert {outside[name] for name in ("title", "run", "step", "subject", "flow_run", "error")} == {None}


def test_a_thread_that_takes_the_context_along_writes_of_the_same_step() -> None:
    lines = []
    with about(title="glass-harbor", run=7, step="mix"):
        context = copy_context()
        thread = threading.Thread(target=lambda: context.run(lambda: lines.append(JsonLine().format(record()))))
        thread.start()
        thread.join()
    assert json.loads(lines[0])["step"] == "mix"
    assert json.loads(JsonLine().format(record()))["step"] is None


def test_an_error_stays_on_its_line() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        failed = logging.LogRecord("tasks", logging.ERROR, __file__, 1, "two\nlines", (), sys.exc_info())
    line = JsonLine().format(failed)
    assert "\n" not in line
    assert "ZeroDivisionError" in json.loads(line)["error"]
    with about(title="glass-harbor", run=7, step="mix"):
        assert "glass-harbor run 7 mix: two" in TextLine().format(failed)


WRITE = """
import logging, sys
from pathlib import Path
from tasks.log_file import SharedFile
handler = SharedFile(Path(sys.argv[1]), limit=20_000, keep=100)
for number in range(400):
    handler.emit(logging.LogRecord("x", 20, "", 1, f"{sys.argv[2]} {number} " + "x" * 80, (), None))
"""


def test_many_processes_fill_one_file_after_the_other_and_no_line_is_lost_or_torn(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "dubline.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(k)]) for k in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    files = list(path.parent.glob("dubline.jsonl*"))
    assert len(files) > 3
    assert all(file.stat().st_size <= 20_000 + 3 * 100 for file in files)  # a line of each, begun at once
    lines = [line.rsplit(" ", 1)[0] for file in files for line in file.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{k} {number}" for k in range(3) for number in range(400))


def test_only_so_many_full_files_are_kept(tmp_path: Path) -> None:
    handler = SharedFile(tmp_path / "log", limit=1024, keep=2)
    for number in range(100):
        handler.emit(record(f"{number} " + "x" * 100))
    handler.close()
    assert sorted(path.name for path in tmp_path.glob("log*")) == ["log", "log.1", "log.2"]
    assert (tmp_path / "log").read_text().splitlines()[-1].startswith("99 ")


def test_a_log_that_cannot_be_written_is_said_once_and_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    handler = SharedFile(Path("/dev/full"), limit=1024, keep=0)
    for _ in range(3):
        handler.emit(record())
    assert capsys.readouterr().err.count("No space left") == 1
