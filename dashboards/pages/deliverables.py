"""One deliverable: what was found, and what people decide. Made to be printed, too."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from dashboards.access import Reviewer, Viewer
from dashboards.decisions import Decided, Id, Queue, Text, decide_on, note_on, run_again
from dashboards.desk import Desk, TheDesk
from dashboards.media import signed
from dashboards.templating import render

router = APIRouter()

_AN_HOUR = 3600
# Figures in the order a person reads them; any other comes after, by name.
_FIRST = (
    "integrated_lufs", "dialogue_lufs", "dialogue_fraction", "lra_lu", "dialogue_lra_lu", "max_short_term_lufs",
    "max_momentary_lufs", "true_peak_dbtp", "sample_peak_dbfs", "duration_seconds", "sample_rate", "channels", "layout",
)  # fmt: skip


@router.get("/deliverables/{deliverable_id}")
def deliverable(request: Request, deliverable_id: Id, desk: TheDesk, person: Viewer) -> Response:
    """The page."""
    return _page(request, desk, deliverable_id)


@router.post("/deliverables/{deliverable_id}/decision")
def decision(
    request: Request,
    deliverable_id: Id,
    desk: TheDesk,
    person: Reviewer,
    decision: Annotated[Decided, Form()],
    note: Annotated[Text, Form()] = "",
) -> Response:
    """Decide, and back to the page; what is refused is said on it."""
    try:
        decide_on(desk, person, deliverable_id, decision, note)
    except HTTPException as refused:
        return _page(request, desk, deliverable_id, status=refused.status_code, words=refused.detail, note=note)
    return RedirectResponse(f"/deliverables/{deliverable_id}", status_code=303)


@router.post("/deliverables/{deliverable_id}/notes")
def note(deliverable_id: Id, desk: TheDesk, person: Reviewer, text: Annotated[Text, Form()]) -> Response:
    """Write a note, and back to the page."""
    note_on(desk, person, deliverable_id, text)
    return RedirectResponse(f"/deliverables/{deliverable_id}#notes", status_code=303)


@router.post("/deliverables/{deliverable_id}/run")
def run(
    request: Request, deliverable_id: Id, desk: TheDesk, person: Reviewer, queue: Annotated[Queue, Form()] = "normal"
) -> Response:
    """Run its title again; whether that worked is said on the page."""
    found = desk.catalog.deliverable(deliverable_id)
    try:
        flow_run = run_again(desk, person, found.slug, found.version, queue)
    except HTTPException as refused:
        return _page(request, desk, deliverable_id, status=refused.status_code, words=refused.detail)
    return _page(request, desk, deliverable_id, started=desk.prefect.run_url(flow_run) or flow_run)


def _page(
    request: Request,
    desk: Desk,
    deliverable_id: int,
    *,
    status: int = 200,
    words: str = "",
    note: str = "",
    started: str = "",
) -> Response:
    found = desk.catalog.deliverable(deliverable_id)
    figures = {name: found.measurement[name] for name in _FIRST if name in found.measurement}
    figures |= {name: figure for name, figure in sorted(found.measurement.items()) if name not in figures}
    return render(
        request,
        "deliverable.html",
        status,
        made=found,
        figures=figures,
        media=signed(desk, found.sha256, "deliverable", _AN_HOUR),
        words=words,
        note=note,
        started=started,
        prefect=desk.prefect.is_known,
    )
