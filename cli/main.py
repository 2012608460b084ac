"""The ``dubline`` command: finds the verb, runs it, and turns errors into one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from importlib.metadata import version
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from db.errors import DbError
from dubline.errors import MACHINE_ERRORS, Cancelled, DublineError, EnvironmentFault
from dubline.process import bound_memory
from tasks import logs

# Verb -> one line of help. The module of a verb is imported when it is used: torch and Prefect take seconds.
VERBS = {
    "demo": "Build the sample title and localize it.",
    "localize": "Localize a title: one order in, every language out.",
    "submit": "Hand an order to the studio's workers.",
    "reprocess": "Make stale titles again, as the nightly run does.",
    "up": "Run a studio on this machine: server and workers, until stopped.",
    "server": "Run the Prefect server alone.",
    "deploy": "Make pools, queues, deployments and automations on the server.",
    "worker": "Run a worker of a pool.",
    "separate": "Split a mix into dialogue, music, effects and M&E.",
    "detect": "Find the human sounds left in an M&E.",
    "clean": "Take events out of an M&E and rebuild what they covered.",
    "measure": "Measure loudness and peaks, with a verdict against a spec.",
    "check": "Check a delivered file against its spec, its master and its mix.",
    "sync": "Find whether a dub runs with the dialogue it replaces.",
    "conform": "Bring a mix to a delivery spec by one gain; limit its peaks.",
    "metrics": "Serve figures of the studio for Prometheus.",
    "specs": "List or show the delivery specs.",
    "policies": "List or show the disposition policies.",
    "models": "List, show or add separation models.",
    "dataset": "Build data sets to train and measure with; report what is in one.",
    "train": "Train a separation model, go on, or fine-tune one.",
    "evaluate": "Measure how well models separate, beside the ideal masks.",
    "catalog": "Ask the catalog: titles, lineage, stale, verify, gc, backup, restore, export.",
    "review": "Run the review desk: hear, see, correct, approve.",
    "doctor": "Say what works on this machine.",
}

# Read when torch and Prefect are imported, so set before a verb is.
_ENVIRONMENT = {
    # docs/decisions/0005-waiting-threads-sleep.md
    "OMP_WAIT_POLICY": "PASSIVE",
    # A studio's titles are nobody's telemetry.
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}

_BUG, _USAGE = 1, 2


class Verbs(TyperGroup):
    """Loads ``cli/<verb>.py`` when the verb is called; its ``app`` holds the command."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            return None
        command: Any = typer.main.get_command(import_module(f"cli.{cmd_name}").app)
        command.name = cmd_name
        command.short_help = VERBS[cmd_name]
        return command


app = typer.Typer(
    cls=Verbs,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="A finished film goes in; every language it ships in comes out.",
    epilog="Example: dubline localize order.yaml --out out. Add --debug to any command for a traceback.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("dubline"))
        raise typer.Exit


@app.callback()
def options(
    show_version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show it."),
) -> None:
    """Options of dubline itself."""


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with the documented code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    bound_memory()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    if not debug:
        # Prefect tells the console every failure with its traceback; people get one line, its server the rest.
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
    try:
        logs.set_up()
    except (DublineError, DbError) as error:
        sys.exit(_say(*_line_and_code(error), debug=debug))
    sys.exit(run([argument for argument in arguments if argument != "--debug"], debug=debug))


def run(arguments: list[str], *, debug: bool = False) -> int:
    """The exit code of the command line ``arguments``; errors are said on stderr, one line each."""
    try:
        result: Any = typer.main.get_command(app).main(arguments, prog_name="dubline", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        return _say(*_line_and_code(error), debug=debug)
    # Typer turns an interrupt into this code without a word.
    if result == Cancelled.exit_code:
        return _say(*_line_and_code(KeyboardInterrupt()), debug=debug)
    return result if isinstance(result, int) else 0


def _line_and_code(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and what to exit with."""
    match error:
        case Abort() | KeyboardInterrupt():
            return _line_and_code(Cancelled("stopped", "on request", "run the same command again to go on"))
        case DublineError() | DbError():
            return str(error), error.exit_code
        case TyperException():
            return _usage(error), _USAGE
        case OSError() if error.errno in MACHINE_ERRORS:
            where = str(error.filename or "this machine")
            what = error.strerror or str(error)
            return _line_and_code(
                EnvironmentFault(what, where, "free space, correct the permissions or name another place")
            )
        case _:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            return f"{what} (a bug in dubline): report it with the output of --debug", _BUG


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    where = context.command_path if context else "dubline"
    message = " ".join(error.format_message().split())
    return f"{message.rstrip('.')} ({where}): see `{where} --help`"


def _say(line: str, code: int, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo(f"error: {line}", err=True)
    return code
