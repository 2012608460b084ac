"""Runs that people ask for."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from dashboards.access import Reviewer
from dashboards.decisions import Queue, run_again
from dashboards.desk import TheDesk
from dashboards.title.version import Label, Slug, find_version

router = APIRouter(tags=["titles"])


class RunIn(BaseModel):
    """How urgent it is."""

    model_config = ConfigDict(extra="forbid")

    queue: Queue = "normal"


class RunOut(BaseModel):
    """The run that Prefect will start, and its page there."""

    flow_run_id: str
    url: str | None


@router.post("/titles/{slug}/runs", status_code=201)
def run(slug: Slug, told: RunIn, desk: TheDesk, person: Reviewer, version: Label = None) -> RunOut:
    """Run the title again by its stored order: what did not change is answered from the catalog."""
    found = find_version(desk, slug, version)
    flow_run = run_again(desk, person, slug, found.summary.version, told.queue)
    return RunOut(flow_run_id=flow_run, url=desk.prefect.run_url(flow_run))
