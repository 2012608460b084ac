"""One run of one title: registered, locked against a second, and ended with its true state."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run

from db.errors import DbError
from db.locks import TitleLock
from db.orders import WantedFile
from dubline.errors import MACHINE_ERRORS, Cancelled, DublineError, EnvironmentFault
from dubline.media.streams import Media
from flows.naming import languages_of
from flows.preflight import Plan
from tasks import cancel, logs, openlineage
from tasks.context import means
from tasks.scratch import sweep
from tasks.step import RunRef

log = logging.getLogger(__name__)

# How long a title stays locked to a machine that is no longer heard of.
LEASE_SECONDS = 60.0

# A title that takes its process down each time would be taken up again for ever.
_MOST_STARTS = 4


def refuse_after_crashes() -> None:
    """Refuse a flow run that its server has started too often; `EnvironmentFault`."""
    starts = flow_run.get_run_count()
    if starts > _MOST_STARTS:
        raise EnvironmentFault(
            f"the run crashed {starts - 1} times",
            "this flow run",
            "see its logs and its worker's; memory is the usual cause",
        )


def has_completed() -> bool:
    """Whether this flow run was completed before.

    Its server starts such a one again when the run's last sign of life came after its end, or seemed to, as where a
    clock jumped: then silence follows.
    """
    return flow_run.get_run_count() > 1 and means().catalog.has_completed(flow_run.get_id())


@contextmanager
def title_run(plan: Plan, *, wait_seconds: float) -> Iterator[RunRef]:
    """Hold the title for one run; raises `TitleBusy` where another run holds it longer than ``wait_seconds``.

    The error that leaves is the one that came first, not what followed from it in other steps.
    """
    using = means()
    sweep(using.settings.scratch_root)
    version_id = register(plan)
    register_specs(plan)
    run_id = using.catalog.start_run(
        version_id,
        trigger="reprocess" if plan.beside else "user",
        prefect_flow_run_id=flow_run.get_id(),
        host=socket.gethostname(),
    )
    cancel.begin(run_id)
    run = RunRef(run_id, version_id, plan.order.title.id, flow_run.get_id())
    with logs.about(title=run.title, run=run_id, flow_run=run.flow_run), _told(run):
        try:
            with _lock(run, wait_seconds):
                # Not before: an order that is refused because another run holds the title changes nothing.
                if not plan.again:
                    record_order(plan, version_id)
                yield run
                if (cause := cancel.cause(run_id)) is not None:
                    raise cause
        except BaseException as error:
            first = cancel.cause(run_id) or error
            # Steps that still run are asked to stop; the flow's task runner waits for them.
            cancel.fail(run_id, first)
            stopped = isinstance(first, Cancelled | KeyboardInterrupt | TerminationSignal)
            state = "cancelled" if stopped else "failed"
            try:
                using.catalog.finish_run(
                    run_id, state, error=str(first) or type(first).__name__, exit_code=exit_code_of(first)
                )
            except DbError as silent:
                # The next run of the title writes down that this one is no more; what ended it is said now.
                log.warning("the run's end could not be written: %s", silent)
            if first is error:
                raise
            raise first from error
        using.catalog.finish_run(run_id, "completed", exit_code=0)


def _lock(run: RunRef, wait_seconds: float) -> AbstractContextManager[TitleLock]:
    """Hold the title; where it is lost the run's steps are asked to stop, and that is what the run ends with."""
    using = means()
    return using.catalog.title_lock(
        run.version_id,
        run.run_id,
        lease_seconds=LEASE_SECONDS,
        wait_seconds=wait_seconds,
        patience_seconds=using.settings.patience,
        on_lost=partial(cancel.fail, run.run_id),
    )


@contextmanager
def _told(run: RunRef) -> Iterator[None]:
    """Tell the log and OpenLineage of the run's beginning and end."""
    job = openlineage.title_job(run.title, run.flow_run, run.run_id)
    log.info("begins")
    openlineage.tell("START", job)
    try:
        yield
    except BaseException as error:
        openlineage.tell(openlineage.end_of(error), job, error=error)
        log.error("ended: %s", str(error) or type(error).__name__)
        raise
    else:
        if means().settings.openlineage_url:
            sources, delivered = means().catalog.from_what_to_what(run.run_id)
            openlineage.tell("COMPLETE", job, inputs=sources, outputs=delivered)
        log.info("completed")
    finally:
        openlineage.flush()


def exit_code_of(error: BaseException) -> int:
    """What a command exits with that ended with ``error``: its class, for the figures."""
    match error:
        case DublineError() | DbError():
            return error.exit_code
        case KeyboardInterrupt() | TerminationSignal():
            return Cancelled.exit_code
        case OSError() if error.errno in MACHINE_ERRORS:
            return EnvironmentFault.exit_code
    return 1


def record_order(plan: Plan, version_id: int) -> None:
    """Write the order into the catalog: what it asks for is what is wanted of the title from now on."""
    wanted = [
        WantedFile(plan.delivered_as(language), row.spec, row.container, row.codec, row.due)
        for row in plan.order.deliver
        for language in languages_of(plan.order, row)
    ]
    means().catalog.record_order(version_id, plan.order.body(), path=plan.order_path, out=plan.out, wanted=wanted)


def register_specs(plan: Plan) -> None:
    """Write the order's specs into the catalog; raises `Conflict` for a version it knows with other content."""
    for spec in plan.specs.values():
        means().catalog.register_spec(
            spec.id,
            str(spec.version),
            spec.body(),
            effective_from=spec.effective_from,
            source_url=spec.sources[0],
            verified=spec.verified,
        )


def register(plan: Plan, media: Media | None = None) -> int:
    """Write the title and its version into the catalog, with the picture's facts once they are known."""
    title, video = plan.order.title, media.video if media else None
    rate = video.frame_rate if video else None
    return means().catalog.register_title(
        slug=title.id,
        name=title.name,
        original_language=plan.original.bcp47,
        eidr=title.eidr,
        version_label=title.version,
        fps=(rate.numerator, rate.denominator) if rate else None,
        # A semicolon before the frames is how SMPTE 12M writes drop-frame timecode.
        drop_frame=(";" in (media.timecode or "")) if media else None,
        som_timecode=media.timecode if media else None,
        duration_frames=video.frames if video else None,
    )
