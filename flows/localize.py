"""What happens to a title, and in what order: one order in, every language out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.deliver import Localized, deliver
from flows.languages import make_deliverables, mix_language
from flows.me import make_me
from flows.preflight import preflight
from flows.progress import title_progress
from flows.run import refuse_after_crashes, title_run
from flows.source import take_in
from tasks import cancel
from tasks.context import means
from tasks.patience import patiently
from tasks.settings import Settings

# Waiting tasks hold a thread each; how many bodies run at once is the step mechanism's affair.
_RUNNER = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner[Any](max_workers=256))


@flow(
    name="localize",
    flow_run_name="localize {order_path}",
    task_runner=_RUNNER,
    persist_result=False,
)
def localize(order_path: Path, out: Path, wait_seconds: float = 0.0) -> Localized:
    """Localize the title an order describes; deliverables appear under ``out``.

    A second run of a title waits up to ``wait_seconds`` for the first, then is refused. Raises `BadInput`,
    `EnvironmentFault` or a `DbError`; a deliverable that fails its check is delivered with that verdict.
    """
    refuse_after_crashes()
    return patiently(
        lambda: _localize(order_path, out, wait_seconds),
        seconds=Settings.load().patience,
        stop=cancel.requested,
        what=str(order_path),
    )


def _localize(order_path: Path, out: Path, wait_seconds: float) -> Localized:
    plan = preflight(order_path, out, means().settings)
    with title_run(plan, wait_seconds=wait_seconds) as run, title_progress(plan.order):
        source = take_in(run, plan)
        sound = make_me(run, plan, source)
        dubbed = [mix_language(run, plan, source, sound, dub) for dub in plan.order.dubs]
        made = list(make_deliverables(run, plan, source, dubbed))
        return deliver(run, plan, source, sound, made)
