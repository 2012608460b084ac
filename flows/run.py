"""One run of one title: registered, locked against a second, and ended with its true state."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run

from db.orders import WantedFile
from dubline.errors import Cancelled, EnvironmentFault
from dubline.media.streams import Media
from flows.naming import languages_of
from flows.preflight import Plan
from tasks import cancel
from tasks.context import means
from tasks.scratch import sweep
from tasks.step import RunRef

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
        version_id, trigger="user", prefect_flow_run_id=flow_run.get_id(), host=socket.gethostname()
    )
    cancel.begin(run_id)
    try:
        with using.catalog.title_lock(version_id, run_id, wait_seconds=wait_seconds):
            # Not before: an order that is refused because another run holds the title changes nothing.
            record_order(plan, version_id)
            yield RunRef(run_id, version_id, plan.order.title.id)
    except BaseException as error:
        first = cancel.cause(run_id) or error
        # Steps that still run are asked to stop; the flow's task runner waits for them.
        cancel.fail(run_id, first)
        stopped = isinstance(first, Cancelled | KeyboardInterrupt | TerminationSignal)
        using.catalog.finish_run(run_id, "cancelled" if stopped else "failed", error=str(first) or type(first).__name__)
        if first is error:
            raise
        raise first from error
    using.catalog.finish_run(run_id, "completed")


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
