"""Which stale titles are made again, and in which order: by the day they are due, then by what made them stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from db.stale import DeliveredVersion, StaleDeliverable
from flows.stale import StaleVersion
from tasks.context import means
from tasks.manifest import manifest
from tasks.page import page

# A file that was refused, or is of other material, is of no use to anybody; one by an older tool mostly is.
_FAILED = 0
_SEVERITY = {"source": 0, "parameters": 1, "spec": 1, "model": 2, "stage": 3, "tool": 4}


@dataclass(frozen=True, slots=True)
class Choice:
    """A stale title: what of it would be made, what is left because it is approved, and what that would take.

    ``due`` is the earliest day any of its deliverables is due; ``severity`` is least for what is worst.
    """

    version: DeliveredVersion
    make: tuple[StaleDeliverable, ...]
    approved: tuple[StaleDeliverable, ...]
    due: date | None
    severity: int
    estimate_seconds: float


def choose(found: Iterable[StaleVersion], *, include_approved: bool) -> list[Choice]:
    """Every stale title, the most urgent first."""
    chosen = [_choice(version, include_approved=include_approved) for version in found]
    return sorted(chosen, key=lambda one: (one.due or date.max, one.severity, one.version.slug, one.version.version_id))


def severity(stale: Sequence[StaleDeliverable]) -> int:
    """How urgent these are: 0 for a failed check or a changed source, more for what can wait."""
    ranks = [_FAILED for one in stale if one.verdict == "fail"]
    ranks += [_SEVERITY[reason.kind] for one in stale for reason in one.reasons]
    return min(ranks, default=max(_SEVERITY.values()))


def _choice(found: StaleVersion, *, include_approved: bool) -> Choice:
    make = tuple(one for one in found.stale if include_approved or not one.kept)
    approved = tuple(one for one in found.stale if one not in make)
    due = [wanted.due for wanted in means().catalog.wanted(found.version.version_id) if wanted.due is not None]
    return Choice(
        found.version, make, approved, min(due, default=None), severity(make or approved), _estimate(found, make)
    )


def _estimate(found: StaleVersion, make: Sequence[StaleDeliverable]) -> float:
    """Seconds that the steps which would have to be done took when they were done before."""
    todo: dict[str, str] = {}
    for one in make:
        desired = found.desired[one.language, one.spec_id, one.container, one.codec]
        for last in (desired.file.step(), desired.check):
            todo |= {step.recipe.key: step.recipe.stage for step in last.behind() if not step.known}
    if not make:
        return 0.0
    # The papers of the whole title are written anew with any of its deliverables.
    stages = [*todo.values(), page.name, manifest.name]
    return means().catalog.cost(found.version.version_id).of(stages)
