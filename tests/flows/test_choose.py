"""Which stale titles a night takes: due first, then by what is worst; and what its budget allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from db.desired import Reason, ReasonKind
from db.orders import WantedFile
from db.recipes import Recipe
from db.stale import DeliveredVersion, DesiredFile, StaleDeliverable
from flows.choose import choose, severity
from flows.reprocess import Budget
from flows.stale import StaleVersion
from tasks.context import means
from tasks.rehearsal import Rehearsal

KINDS = get_args(ReasonKind)


def stale(
    version_id: int, kind: ReasonKind = "tool", *, state: str = "candidate", verdict: str = "pass", spec: str = "web"
) -> StaleDeliverable:
    return StaleDeliverable(
        version_id,
        version_id,
        "t",
        "cut",
        "fr",
        spec,
        "mp4",
        "aac",
        state,
        verdict,
        None,
        "x",
        (Reason(kind, "s", "a", "b"),),
    )


@given(kinds=st.lists(st.sampled_from(KINDS), min_size=1), fails=st.booleans())
def test_the_worst_reason_speaks_and_a_failed_check_is_the_worst(kinds: list[ReasonKind], fails: bool) -> None:
    order = ["source", "spec", "model", "stage", "tool"]
    found = [stale(1, kind) for kind in kinds] + ([stale(1, verdict="fail")] if fails else [])
    worst = min(("spec" if kind == "parameters" else kind for kind in kinds), key=order.index)
    assert severity(found) == (0 if fails else severity([stale(1, worst)]))
    ranks = [severity([stale(1, kind)]) for kind in order]  # type: ignore[arg-type]
    assert ranks == sorted(set(ranks))


def version(slug: str, *due: date | None) -> DeliveredVersion:
    catalog = means().catalog
    found = catalog.register_title(slug=slug, name=slug, original_language=None, version_label="cut")
    wanted = [WantedFile("fr", f"spec-{number}", "mp4", "aac", day) for number, day in enumerate(due)]
    catalog.record_order(found, {"due": [str(day) for day in due]}, path=Path("o"), out=Path("out"), wanted=wanted)
    return DeliveredVersion(found, slug, "cut")


def as_stale(of: DeliveredVersion, *deliverables: StaleDeliverable) -> StaleVersion:
    held = Rehearsal(of.version_id)
    with held.held():
        recipe = Recipe(stage="conform", stage_version=1, params={"of": of.slug}, inputs={})
        held.step(recipe, {})
    file = DesiredFile(held.output(recipe.key, "file"), held.asked(recipe.key))
    desired = {(one.language, one.spec_id, one.container, one.codec): file for one in deliverables}
    return StaleVersion(of, deliverables, desired)


def test_due_first_then_the_worst_then_by_name(home: Path) -> None:
    soon, late = date(2026, 12, 24), date(2027, 1, 7)
    titles = [
        as_stale(version("c-undue", None), stale(1, "source")),
        as_stale(version("b-late", late), stale(2, "source")),
        as_stale(version("a-soon", late, soon), stale(3, "tool")),
        as_stale(version("d-soon", soon), stale(4, "model")),
        as_stale(version("b-soon", soon), stale(5, "tool")),
    ]
    chosen = choose(titles, include_approved=False)
    assert [one.version.slug for one in chosen] == ["d-soon", "a-soon", "b-soon", "b-late", "c-undue"]
    assert [one.due for one in chosen] == [soon, soon, soon, late, None]


def test_what_is_approved_is_left_unless_told(home: Path) -> None:
    found = as_stale(
        version("a"), stale(1), stale(1, state="approved", spec="hulu"), stale(1, state="delivered", spec="op-59")
    )
    (chosen,) = choose([found], include_approved=False)
    assert [[one.spec_id for one in part] for part in (chosen.make, chosen.approved)] == [["web"], ["hulu", "op-59"]]
    (chosen,) = choose([found], include_approved=True)
    assert (len(chosen.make), chosen.approved) == (3, ())
    (chosen,) = choose([as_stale(version("b"), stale(2, state="approved"))], include_approved=False)
    assert (chosen.make, chosen.estimate_seconds) == ((), 0.0)


def test_a_title_costs_what_its_steps_cost_before(home: Path) -> None:
    of = version("a")
    assert choose([as_stale(of, stale(1))], include_approved=False)[0].estimate_seconds == 0.0
    catalog = means().catalog
    with at_work(of.version_id) as run:
        for stage in ("conform", "page", "manifest", "separate"):
            catalog.finish_step(catalog.begin_step(run, Recipe(stage=stage, stage_version=1, params={}, inputs={})), {})
    cost = catalog.cost(of.version_id)
    (chosen,) = choose([as_stale(of, stale(1))], include_approved=False)
    assert chosen.estimate_seconds == cost.of(["conform", "page", "manifest"]) > 0


@contextmanager
def at_work(version_id: int) -> Iterator[int]:
    run = means().catalog.start_run(version_id, trigger="user", host="here")
    yield run
    means().catalog.finish_run(run, "completed")


@given(minutes=st.floats(0.1, 100), costs=st.lists(st.floats(0, 10_000), min_size=1, max_size=20))
def test_a_budget_is_overrun_by_its_first_title_only(minutes: float, costs: list[float]) -> None:
    budget, started = Budget(minutes, None), []
    for cost in costs:
        if budget.allows(cost):
            budget.spend(cost)
            started.append(cost)
    assert started[0] == costs[0]
    assert len(started) == 1 or sum(started) <= 60 * minutes * (1 + 1e-9)


def test_no_minutes_and_no_titles_are_nothing() -> None:
    assert not Budget(0.0, None).allows(0.0)
    assert not Budget(None, 0).allows(0.0)
    assert Budget(None, None).allows(1e9)
    spent = Budget(None, 1)
    spent.spend(1.0)
    assert not spent.allows(0.0)
