"""Running the localize flow in this process, and showing what came of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

from cli.output import print_json, say, step_bars
from dubline.errors import CheckFailed
from flows.deliver import Localized
from flows.localize import localize
from flows.preflight import preflight
from flows.server import prefect_api
from tasks import cancel
from tasks.settings import Settings


def localize_here(order: Path, out: Path, *, wait_seconds: float = 0.0) -> Localized:
    """Run the flow here, with a Prefect server of its own where none is configured."""
    settings = Settings.load()
    # The flow does this too; here it answers a wrong order at once, before a server starts.
    preflight(order.absolute(), out.absolute(), settings)
    with stoppable(), prefect_api(settings.home / "prefect", say=say), step_bars():
        return localize(order.absolute(), out.absolute(), wait_seconds)


def show_localized(result: Localized, *, as_json: bool) -> int:
    """Print the result; the exit code says whether every deliverable passed its check."""
    if as_json:
        print_json(result.to_json())
    else:
        typer.echo("\n".join(_lines(result)))
    failed = any(deliverable.verdict == "fail" for deliverable in result.deliverables)
    return CheckFailed.exit_code if failed else 0


def _lines(result: Localized) -> Iterator[str]:
    """The result for a person: verdicts first, every path whole on a line of its own."""
    yield f"{result.title}: {result.executed_steps} steps done, {result.cached_steps} answered from the catalog"
    for deliverable in result.deliverables:
        yield f"{deliverable.verdict:9} {_short(deliverable.path)}"
    for track, path in result.me.items():
        yield f"{track:9} {_short(Path(path))}"
    yield f"QC page   {_short(result.report)}"
    for note in result.notes:
        yield f"note      {note}"


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C and TERM stop every step at its next block and then end the run."""

    def stop(number: int, frame: FrameType | None) -> None:
        cancel.request()
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
