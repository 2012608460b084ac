"""The nightly run: stale titles made again within a budget, each beside what stands, and none at another's expense."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from prefect import flow
from prefect.artifacts import create_table_artifact

from db.errors import TitleBusy
from dubline.errors import Cancelled, CheckFailed
from flows.choose import Choice, choose
from flows.deliver import Localized
from flows.localize import localize
from flows.reasons import told
from flows.refused import DubsRefused
from flows.run import exit_code_of
from flows.stale import Incomparable, StaleVersion, find_stale
from flows.submit import submit_again
from tasks.context import means

# What a title may come to: `stale` where nothing was to be done yet, `left` for another night.
Outcome = Literal["stale", "made", "failed", "submitted", "queued", "busy", "approved", "left"]


@dataclass(frozen=True, slots=True)
class Title:
    """One stale title, and what became of it; ``exit_code`` is what `dubline localize` would have ended with."""

    choice: Choice
    outcome: Outcome
    exit_code: int = 0
    error: str | None = None
    run: str | None = None
    executed_steps: int = 0
    deliverables: tuple[dict[str, Any], ...] = ()
    differences: tuple[dict[str, Any], ...] = ()

    @property
    def approved_count(self) -> int:
        """How many of its stale deliverables stay because they are approved or delivered."""
        return len(self.choice.approved)

    def to_json(self) -> dict[str, Any]:
        """The object `dubline reprocess --json` prints for the title."""
        choice = self.choice
        return {
            "title": choice.version.slug,
            "version": choice.version.version,
            "due": choice.due,
            "severity": choice.severity,
            "estimate_minutes": choice.estimate_seconds / 60,
            "stale": [asdict(one) for one in choice.make],
            "approved": [asdict(one) for one in choice.approved],
            **{
                name: getattr(self, name)
                for name in ("outcome", "exit_code", "error", "run", "executed_steps", "deliverables", "differences")
            },
        }


@dataclass(frozen=True, slots=True)
class Night:
    """What a night found and did."""

    titles: tuple[Title, ...]
    not_compared: tuple[Incomparable, ...]
    budget_minutes: float | None
    used_minutes: float = field(default=0.0)

    @property
    def exit_code(self) -> int:
        """What most needs a person: 1 a bug, 5 an environment, 3 bad input, 4 a failed check; 0 where nothing does."""
        codes = {title.exit_code for title in self.titles}
        return next((code for code in (1, 5, 3, CheckFailed.exit_code) if code in codes), 0)

    def to_json(self) -> dict[str, Any]:
        """The object `dubline reprocess --json` prints."""
        return {
            "budget_minutes": self.budget_minutes,
            "used_minutes": self.used_minutes,
            "titles": [title.to_json() for title in self.titles],
            "not_compared": [asdict(one) for one in self.not_compared],
        }


def plan_night(*, include_approved: bool, limit: int | None, budget_minutes: float | None) -> Night:
    """What a night would take up, the most urgent title first, and what it would leave; nothing is done."""
    found = list(find_stale())
    chosen = choose((one for one in found if isinstance(one, StaleVersion)), include_approved=include_approved)
    budget, titles = Budget(budget_minutes, limit), []
    for choice in chosen:
        titles.append(Title(choice, _outcome(choice, budget)))
        if titles[-1].outcome == "stale":
            budget.spend(choice.estimate_seconds)
    unknown = tuple(one for one in found if isinstance(one, Incomparable))
    return Night(tuple(titles), unknown, budget_minutes, budget.seconds / 60)


@flow(name="reprocess", persist_result=False)
def reprocess(
    budget_minutes: float | None = None,
    include_approved: bool = False,
    limit: int | None = None,
    submit: bool = False,
) -> Night:
    """Make stale titles again, by due day and severity, one after another here, or all on the workers (``submit``).

    Started are those that fit what is left of the budget by what they took before, and at most ``limit``. What is
    approved stays unless ``include_approved``. A title that fails is listed, and the night goes on.
    """
    night = plan_night(include_approved=include_approved, limit=None, budget_minutes=None)
    budget, done = Budget(budget_minutes, limit), []
    for title in night.titles:
        outcome = _outcome(title.choice, budget)
        if outcome != "stale":
            done.append(replace(title, outcome=outcome))
            continue
        began = time.monotonic()
        done.append(_submit(title, include_approved) if submit else _make(title, include_approved))
        budget.spend(title.choice.estimate_seconds if submit else time.monotonic() - began)
    ended = replace(night, titles=tuple(done), budget_minutes=budget_minutes, used_minutes=budget.seconds / 60)
    _publish(ended.titles)
    return ended


@dataclass(slots=True)
class Budget:
    """Time and titles a night may still spend; what never fits is started first thing, or it would wait for ever."""

    minutes: float | None
    limit: int | None
    seconds: float = 0.0
    titles: int = 0

    def allows(self, seconds: float) -> bool:
        """Whether a title that takes so long may be started."""
        if self.limit is not None and self.titles >= self.limit:
            return False
        if self.minutes is None:
            return True
        return self.minutes > 0 and (not self.titles or self.seconds + seconds <= 60 * self.minutes)

    def spend(self, seconds: float) -> None:
        """Count a title that was started."""
        self.seconds += seconds
        self.titles += 1


def _outcome(choice: Choice, budget: Budget) -> Outcome:
    if not choice.make:
        return "approved"
    return "stale" if budget.allows(choice.estimate_seconds) else "left"


def _make(title: Title, include_approved: bool) -> Title:
    """The title made here; what it ends with is its own affair, but for a night that is asked to stop."""
    version = title.choice.version
    try:
        stored = means().catalog.latest_order(version.version_id)
        assert stored is not None  # it was compared with
        made = localize(stored.path, stored.out, version_id=version.version_id, keep_approved=not include_approved)
    except TitleBusy as error:
        return replace(title, outcome="busy", error=str(error))
    except DubsRefused as refused:
        return replace(_made(title, refused.localized), exit_code=refused.exit_code, error=str(refused))
    except Exception as error:
        code = exit_code_of(error)
        if code == Cancelled.exit_code:
            raise
        return replace(title, outcome="failed", exit_code=code, error=str(error) or type(error).__name__)
    return _made(title, made)


def _made(title: Title, made: Localized) -> Title:
    failed = any(item.verdict == "fail" for item in made.deliverables)
    return replace(
        title,
        outcome="made",
        exit_code=CheckFailed.exit_code if failed else 0,
        run=str(made.run_id),
        executed_steps=made.executed_steps,
        deliverables=tuple(made.to_json()["deliverables"]),
        differences=made.differences,
    )


def _submit(title: Title, include_approved: bool) -> Title:
    """The title handed to the workers, unless an earlier night's run of it has not ended."""
    stored = means().catalog.latest_order(title.choice.version.version_id)
    assert stored is not None  # it was compared with
    run = submit_again(title.choice.version, stored, keep_approved=not include_approved)
    return replace(title, outcome="queued") if run is None else replace(title, outcome="submitted", run=run.name)


def _publish(titles: Sequence[Title]) -> None:
    if titles:
        rows = [
            {
                "title": title.choice.version.slug,
                "version": title.choice.version.version,
                "due": str(title.choice.due or ""),
                "because": told(reason for one in title.choice.make for reason in one.reasons),
                "outcome": title.outcome,
                "error": title.error or "",
            }
            for title in titles
        ]
        create_table_artifact(key="reprocess", table=rows, description="Stale titles of this night")
