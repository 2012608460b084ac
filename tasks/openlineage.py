"""OpenLineage run events of titles and their steps: https://openlineage.io/spec/2-0-2/OpenLineage.json.

A title's run is the parent of its steps' runs. A data set is an asset: its name is ``sha256:`` and its hash, its
version the hash. Nothing is sent where the setting OPENLINEAGE_URL is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from dubline.errors import Cancelled
from tasks.outbox import outbox
from tasks.settings import Settings

Kind = Literal["START", "COMPLETE", "FAIL", "ABORT"]
Facets = dict[str, dict[str, Any]]

_SPEC = "https://openlineage.io/spec"
# A package URL: who made the event, and which version of it.
PRODUCER = f"pkg:pypi/dubline@{version('dubline')}"


@dataclass(frozen=True, slots=True)
class Job:
    """What ran: a title's name for its whole run, title and step for one of its steps."""

    run: UUID
    name: str
    kind: Literal["TITLE", "STEP"]
    parent: Job | None = None
    # What is said of a step beside its inputs: its recipe, its version.
    parameters: tuple[tuple[str, str], ...] = ()


def title_job(title: str, flow_run: str | None, run_id: int) -> Job:
    """The run of a title; its id is that of the Prefect run, by which both are found together."""
    run = UUID(flow_run) if flow_run else uuid5(NAMESPACE_URL, f"dubline:{title}:{run_id}")
    return Job(run, title, "TITLE")


def step_job(parent: Job, step: str, subject: str, parameters: Mapping[str, str]) -> Job:
    """One execution of a step of that title."""
    name = ".".join(part for part in (parent.name, step, subject) if part)
    return Job(uuid4(), name, "STEP", parent, tuple(parameters.items()))


def tell(
    kind: Kind,
    job: Job,
    *,
    inputs: Iterable[str] = (),
    outputs: Mapping[str, int] | None = None,
    cached: bool = False,
    error: BaseException | None = None,
) -> None:
    """Send an event, if any are wanted: ``inputs`` by sha256, ``outputs`` as bytes by sha256. Never waits or fails."""
    settings = Settings.load()
    if settings.openlineage_url:
        body = event(
            kind,
            job,
            settings.openlineage_namespace,
            inputs=sorted(set(inputs)),
            outputs=outputs or {},
            cached=cached,
            error=error,
        )
        outbox(settings.openlineage_url).put(body)


def end_of(error: BaseException) -> Kind:
    """How a run ended that ended with ``error``."""
    return "ABORT" if isinstance(error, Cancelled | KeyboardInterrupt | SystemExit) else "FAIL"


def flush() -> None:
    """Give what was told a moment to arrive."""
    settings = Settings.load()
    if settings.openlineage_url:
        outbox(settings.openlineage_url).flush()


def event(
    kind: Kind,
    job: Job,
    namespace: str,
    *,
    inputs: Sequence[str],
    outputs: Mapping[str, int],
    cached: bool,
    error: BaseException | None,
) -> dict[str, Any]:
    """One RunEvent."""
    return {
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "eventType": kind,
        "run": {"runId": str(job.run), "facets": _run_facets(job, namespace, cached=cached, error=error)},
        "job": {"namespace": namespace, "name": job.name, "facets": _job_facets(job)},
        "inputs": [_data_set(namespace, sha256) for sha256 in inputs],
        "outputs": [
            _data_set(namespace, sha256)
            | {"outputFacets": {"outputStatistics": _facet("OutputStatisticsOutputDatasetFacet", "1-0-2", size=size)}}
            for sha256, size in sorted(outputs.items())
        ],
    }


def _run_facets(job: Job, namespace: str, *, cached: bool, error: BaseException | None) -> Facets:
    facets = {"processing_engine": _facet("ProcessingEngineRunFacet", "1-1-1", name="dubline", version=_VERSION)}
    if job.parent:
        parent = {"run": {"runId": str(job.parent.run)}, "job": {"namespace": namespace, "name": job.parent.name}}
        facets["parent"] = _facet("ParentRunFacet", "1-2-0", **parent)
    if job.parameters:
        listed = [{"key": key, "value": value} for key, value in job.parameters]
        facets["executionParameters"] = _facet("ExecutionParametersRunFacet", "1-0-0", parameters=listed)
    if cached:
        tag = {"key": "answered-from-catalog", "value": "true", "source": "dubline"}
        facets["tags"] = _facet("TagsRunFacet", "1-0-0", tags=[tag])
    if error:
        said = {"message": str(error) or type(error).__name__, "programmingLanguage": "PYTHON"}
        facets["errorMessage"] = _facet("ErrorMessageRunFacet", "1-0-1", **said)
    return facets


def _job_facets(job: Job) -> Facets:
    kind = {"processingType": "BATCH", "integration": "DUBLINE", "jobType": job.kind}
    return {"jobType": _facet("JobTypeJobFacet", "2-0-4", **kind)}


def _data_set(namespace: str, sha256: str) -> dict[str, Any]:
    known = _facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=sha256)
    return {"namespace": namespace, "name": f"sha256:{sha256}", "facets": {"version": known}}


def _facet(name: str, version: str, /, **body: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"{_SPEC}/facets/{version}/{name}.json#/$defs/{name}", **body}


_VERSION = version("dubline")
