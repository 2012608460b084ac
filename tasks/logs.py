"""Log lines that say which title, run and step they belong to, whoever wrote them: our steps, ffmpeg or Prefect.

They are written by Prefect's own way of setting up logging, from ``logging.yaml`` beside this module: so they are
the same in a command, in a worker and in a worker's runs. Nothing here may import Prefect, which imports it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from dubline.errors import EnvironmentFault
from tasks.log_file import SharedFile
from tasks.log_settings import LogSettings

Fact = str | int | None
FACTS = ("title", "run", "step", "subject", "flow_run")

_about: ContextVar[Mapping[str, Fact]] = ContextVar("dubline_log_facts", default=MappingProxyType({}))
_HOST = socket.gethostname()


@contextmanager
def about(**facts: Fact) -> Iterator[None]:
    """Lines written meanwhile, in this context and its copies, belong to these ``facts`` (some of `FACTS`) too."""
    before = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(before)


def facts_of(record: logging.LogRecord) -> dict[str, Fact]:
    """What a line belongs to; Prefect's lines about a task name the step themselves."""
    known = _about.get()
    given: dict[str, Fact] = {
        "step": getattr(record, "task_name", None),
        "flow_run": getattr(record, "flow_run_id", None),
    }
    return {name: known.get(name) or given.get(name) for name in FACTS}


class JsonLine(logging.Formatter):
    """One JSON object; every line has every key, null where there is nothing to say."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``, without its end."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **facts_of(record),
            "host": _HOST,
            "process": record.process,
            "thread": record.threadName,
            "error": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLine(logging.Formatter):
    """The same for people: time, level, logger, what it belongs to, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of ``record``, with its traceback where it has one."""
        facts = facts_of(record)
        run = f"run {facts['run']}" if facts["run"] else None
        place = " ".join(str(part) for part in (facts["title"], run, facts["step"], facts["subject"]) if part)
        said = f"{place}: {record.getMessage()}" if place else record.getMessage()
        line = f"{_time(record)} {record.levelname:7} {record.name} [{record.process}] {said}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def handler() -> logging.Handler:
    """The handler that the settings ask for; raises `DbError` for a wrong setting, `OSError` where it cannot write."""
    settings = LogSettings.load()
    made: logging.Handler
    if settings.log_file is None:
        made = logging.StreamHandler(sys.stderr)
    else:
        made = SharedFile(settings.log_file, limit=settings.log_limit, keep=settings.log_keep)
    made.setLevel(settings.log_level.upper())
    made.setFormatter(JsonLine() if settings.log == "json" else TextLine())
    return made


def set_up() -> None:
    """Have Prefect set up logging our way, in this process and in those it starts, where the settings ask for a log.

    Call before Prefect is imported. Raises `DbError` for a wrong setting, `EnvironmentFault` where the log cannot be
    written.
    """
    settings = LogSettings.load()
    if settings.log == "none":
        return
    try:
        handler().close()
    except OSError as error:
        where = str(error.filename or settings.log_file)
        raise EnvironmentFault(f"the log cannot be written: {error.strerror}", where, "set DUBLINE_LOG_FILE") from error
    os.environ["PREFECT_LOGGING_SETTINGS_PATH"] = str(Path(__file__).with_name("logging.yaml"))


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")
