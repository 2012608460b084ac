"""What each fault of a night cost: steps that had to be executed again, and seconds until all was well."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.night.ask import ask, moment
from bench.night.storm import Strike


@dataclass(frozen=True, slots=True)
class Attempt:
    """A step that began and did not complete."""

    stage: str
    recipe: str
    began: datetime
    ended: datetime


def table(strikes: Sequence[Strike]) -> list[str]:
    """Markdown: fault, when, what was lost, time to recover."""
    attempts = _attempts()
    rows = [_row(strike, _of(strike, attempts)) for strike in strikes]
    if others := [attempt for attempt in attempts if not any(_fell_to(strike, attempt) for strike in strikes)]:
        rows.append(f"| none of these | | {_told(others)} | | |")
    return [
        "| fault | when (UTC) | lost: steps begun and not completed | all processes back after"
        " | titles that were at work ended after |",
        "|---|---|---|---|---|",
        *rows,
    ]


def killed_twice(strikes: Sequence[Strike]) -> Iterator[str]:
    """What contradicts that a crash costs a recipe one execution at most."""
    attempts = _attempts()
    for strike in strikes:
        if strike.fault.kills:
            often = Counter((attempt.stage, attempt.recipe) for attempt in _of(strike, attempts))
            yield from (
                f"{strike.fault.name} at {strike.at:%H:%M:%S} cost one recipe of {stage} {count} executions"
                for (stage, _), count in often.items()
                if count > 1
            )


def quiet_seconds(strikes: Sequence[Strike]) -> float | None:
    """A title's seconds where no fault struck in them, from its first line to its last; the median."""
    spans = [
        (moment(begun), moment(ended))
        for begun, ended in ask("select started_at, ended_at from run where state = 'completed'")
    ]
    # A clock that was set in between tells nothing.
    calm = [
        (ended - begun).total_seconds()
        for begun, ended in spans
        if begun < ended and not any(begun <= strike.over and ended >= strike.at for strike in strikes)
    ]
    return statistics.median(calm) if calm else None


def as_json(strikes: Sequence[Strike]) -> list[dict[str, Any]]:
    """The table's rows for a program."""
    attempts = _attempts()
    return [
        {
            "fault": strike.fault.name,
            "hit": strike.hit,
            "at": strike.at.isoformat(),
            "titles_at_work": len(strike.titles),
            "lost": [attempt.stage for attempt in _of(strike, attempts)],
            "back_seconds": strike.back_seconds,
            "ended_seconds": strike.ended_seconds,
        }
        for strike in strikes
    ]


def _attempts() -> list[Attempt]:
    return [
        Attempt(stage, recipe, moment(began), moment(ended or began))
        for stage, recipe, began, ended in ask(
            "select r.stage, s.recipe_key, s.started_at, s.ended_at from step s join recipe r on r.key = s.recipe_key"
            " where s.state <> 'completed' order by s.id"
        )
    ]


def _of(strike: Strike, attempts: Sequence[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if _fell_to(strike, attempt)]


def _fell_to(strike: Strike, attempt: Attempt) -> bool:
    """It was under way when the fault struck, or began while it lasted."""
    return attempt.began <= strike.over and attempt.ended >= strike.at


def _row(strike: Strike, attempts: Sequence[Attempt]) -> str:
    back, ended = (_seconds(value) for value in (strike.back_seconds, strike.ended_seconds))
    titles = f"{ended} ({len(strike.titles)})"
    return f"| {strike.fault.name}: {strike.hit} | {strike.at:%H:%M:%S} | {_told(attempts)} | {back} | {titles} |"


def _seconds(value: float | None) -> str:
    return "not seen" if value is None else f"{value:.0f} s"


def _told(attempts: Sequence[Attempt]) -> str:
    """Recipes by stage; more attempts at them than one where a fault lasted and was tried again."""
    recipes = Counter(stage for stage, _ in {(attempt.stage, attempt.recipe) for attempt in attempts})
    if not recipes:
        return "nothing"
    said = ", ".join(f"{count} {stage}" for stage, count in sorted(recipes.items()))
    more = len(attempts) - sum(recipes.values())
    return f"{said} ({more} tried in vain meanwhile)" if more else said
