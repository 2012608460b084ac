"""What happens to a title, and in what order: one order in, every language out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.states import Completed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from dubline.errors import BadInput
from flows.deliver import Localized, deliver
from flows.make import make_title
from flows.preflight import Plan, preflight, preflight_again
from flows.progress import title_progress
from flows.refused import DubsRefused
from flows.run import has_completed, refuse_after_crashes, title_run
from tasks import cancel
from tasks.check import check
from tasks.context import means
from tasks.patience import patiently
from tasks.residual import residual
from tasks.settings import Settings

# Waiting tasks hold a thread each; how many bodies run at once is the step mechanism's affair.
_RUNNER = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner[Any](max_workers=256))


@flow(
    name="localize",
    flow_run_name="localize {order_path}",
    task_runner=_RUNNER,
    persist_result=False,
)
def localize(
    order_path: Path,
    out: Path,
    wait_seconds: float = 0.0,
    version_id: int | None = None,
    keep_approved: bool = False,
    replace_candidates: bool = False,
) -> Localized:
    """Localize the title an order describes; deliverables appear under ``out``.

    With ``version_id`` it is the order that the catalog keeps of that version, made again: what is otherwise now
    appears as a candidate beside what stands, and with ``keep_approved`` what is approved or delivered is not made.
    With ``replace_candidates``, when a person asks for it, it takes the place of what nobody has approved.

    A second run of a title waits up to ``wait_seconds`` for the first, then is refused. Raises `BadInput`,
    `EnvironmentFault` or a `DbError`; a deliverable that fails its check is delivered with that verdict. Where some
    of several dubs cannot be used, the others are delivered, and `DubsRefused` says so at the end.
    """
    if has_completed():
        # For Prefect a state that is returned is the run's own; and whoever waits for a value is not started again.
        return cast(Localized, Completed(message="delivered before: nothing is done twice"))
    refuse_after_crashes()
    return patiently(
        lambda: _localize(_plan(order_path, out, version_id, replace_candidates), wait_seconds, keep_approved),
        seconds=Settings.load().patience,
        stop=cancel.requested,
        what=str(order_path),
    )


def _localize(plan: Plan, wait_seconds: float, keep_approved: bool) -> Localized:
    with title_run(plan, wait_seconds=wait_seconds) as run, title_progress(plan.order):
        stood = means().catalog.standing(run.version_id, check=check.name, report=residual.name)
        kept = {place: one for place, one in stood.items() if keep_approved and one.kept}
        made = make_title(run, plan, kept)
        localized = deliver(run, made.plan, made.source, made.sound, made.deliverables, stood)
        if made.plan.refused:
            raise DubsRefused(made.plan.refused, localized)
        return localized


def _plan(order_path: Path, out: Path, version_id: int | None, replace_candidates: bool) -> Plan:
    """The plan of the order, or of the version's latest one, which may be later than the one that was stale."""
    settings = means().settings
    if version_id is None:
        return preflight(order_path, out, settings)
    stored = means().catalog.latest_order(version_id)
    if stored is None:
        raise BadInput("no order is kept of this version", str(version_id), "run its order with `dubline localize`")
    return replace(preflight_again(stored, settings), beside=not replace_candidates)
