"""``dubline reprocess``: the nightly run, by hand."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from cli.localizing import stoppable
from cli.output import print_json, print_table, say, step_bars
from flows.reasons import told
from flows.reprocess import Night, Title, plan_night, reprocess
from flows.server import prefect_api, studio_api
from tasks.settings import Settings

_TITLES = ("title", "version", "due", "minutes", "outcome", "because")
_CHANGES = ("title", "language", "spec", "what", "turn", "before", "now")

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command("reprocess", epilog="Example: dubline reprocess --budget-minutes 240 --dry-run")
def make_again(
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would be made, and make nothing."),
    budget_minutes: float | None = typer.Option(
        None, min=0, help="Start no title that does not fit what is left of so many minutes."
    ),
    include_approved: bool = typer.Option(
        False, "--include-approved", help="Make candidates beside approved and delivered files too."
    ),
    limit: int | None = typer.Option(None, min=0, help="Start so many titles at most."),
    submit: bool = typer.Option(False, "--submit", help="Hand the titles to the workers, in the queue nightly."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Make stale titles again by their kept orders, the most urgent first; what comes of it appears beside what stands.

    Exit 1, 5, 3 or 4, the first of them that some title ended with: a bug, the environment, bad input, a failed check.
    """
    home = Settings.load().home / "prefect"
    if dry_run:
        night = plan_night(include_approved=include_approved, limit=limit, budget_minutes=budget_minutes)
    elif submit:
        with studio_api(home):
            night = reprocess(budget_minutes, include_approved, limit, True)
    else:
        with stoppable(), prefect_api(home, say=say), step_bars():
            night = reprocess(budget_minutes, include_approved, limit)
    if as_json:
        print_json(night.to_json())
    else:
        _show(night)
    return night.exit_code


def _show(night: Night) -> None:
    print_table("stale titles", _TITLES, map(_row, night.titles))
    changes = [change for title in night.titles for change in _changes(title)]
    if changes:
        print_table("\nwhat is otherwise than before", _CHANGES, changes)
    for title in night.titles:
        if title.approved_count:
            name = title.choice.version.slug
            typer.echo(f"note: {name}: {title.approved_count} approved or delivered files stay (--include-approved)")
    for one in night.not_compared:
        typer.echo(f"note: {one.slug} {one.version} is not compared: {one.why}")
    if night.budget_minutes is not None:
        typer.echo(f"{night.used_minutes:.1f} of {night.budget_minutes:g} minutes")


def _row(title: Title) -> tuple[object, ...]:
    choice = title.choice
    because = told(reason for one in choice.make or choice.approved for reason in one.reasons)
    minutes = round(choice.estimate_seconds / 60, 1)
    return (
        choice.version.slug,
        choice.version.version,
        choice.due,
        minutes,
        title.outcome,
        because if title.error is None else f"{because}: {title.error}",
    )


def _changes(title: Title) -> Iterator[tuple[object, ...]]:
    for one in title.differences:
        for change in one["changes"]:
            yield (
                *(title.choice.version.slug, one["language"], one["spec"], change["what"], change["turn"]),
                *(f"{change[when]} {change['unit']}".strip() for when in ("before", "after")),
            )
