"""What commands print: JSON for programs, tables and progress bars for people."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tasks import progress as step_progress


def print_json(body: Any) -> None:
    """One JSON object on stdout; a figure JSON has no number for is null."""
    sys.stdout.write(json.dumps(_plain(body), indent=2, ensure_ascii=False) + "\n")


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float() if not math.isfinite(value):
            return None
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def print_table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table on stdout; text is shown as it is, markup in it has no effect."""
    table = Table(title=Text(title), title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(soft_wrap=False).print(table)


def _cell(value: object) -> Text:
    match value:
        case None:
            return Text("-")
        case float():
            return Text(f"{value:.2f}")
        case _:
            return Text(str(value))


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


@contextmanager
def bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; yields the ``progress(done, total)`` to feed it."""
    with _bars() as bars:
        task = bars.add_task(description, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def step_bars() -> Iterator[None]:
    """One bar per step of a run, as the steps of this process report."""
    rows: dict[tuple[str, str], TaskID] = {}
    with _bars() as bars:

        def show(told: step_progress.StepProgress) -> None:
            key = (told.step, told.subject)
            if key not in rows:
                rows[key] = bars.add_task(f"{told.step} {told.subject}", total=1.0)
            note = " (from the catalog)" if told.state == "cached" else ""
            bars.update(rows[key], completed=told.fraction, description=f"{told.step} {told.subject}{note}")

        stop = step_progress.listen(show)
        try:
            yield
        finally:
            stop()


def say(words: str) -> None:
    """A line for whoever watches, beside the result."""
    typer.echo(words, err=True)
