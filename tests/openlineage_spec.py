"""Holds an event against OpenLineage's own classes, which are made from its published schemas."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from openlineage.client.generated import base
from openlineage.client.serde import Serde

# Where the classes of the facets we send live, by what their schema calls them.
_MODULES = {
    "ParentRunFacet": "parent_run",
    "ErrorMessageRunFacet": "error_message_run",
    "JobTypeJobFacet": "job_type_job",
    "ProcessingEngineRunFacet": "processing_engine_run",
    "DatasetVersionDatasetFacet": "dataset_version_dataset",
    "OutputStatisticsOutputDatasetFacet": "output_statistics_output_dataset",
    "TagsRunFacet": "tags_run",
    "ExecutionParametersRunFacet": "execution_parameters_run",
}
_PARTS = {"tags": ("tags_run", "TagsRunFacetFields"), "parameters": ("execution_parameters_run", "ExecutionParameter")}


def assert_valid(event: dict[str, Any]) -> None:
    """The event is what OpenLineage's classes write when given its parts, schema addresses included.

    They refuse what is missing, what they do not know, and what is no time, URI or UUID.
    """
    made = base.RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=base.EventType(event["eventType"]),
        run=base.Run(runId=event["run"]["runId"], facets=_facets(event["run"])),
        job=base.Job(event["job"]["namespace"], event["job"]["name"], _facets(event["job"])),
        inputs=[base.InputDataset(one["namespace"], one["name"], facets=_facets(one)) for one in event["inputs"]],
        outputs=[
            base.OutputDataset(one["namespace"], one["name"], facets=_facets(one), outputFacets=_facets(one, "output"))
            for one in event["outputs"]
        ],
    )
    assert _bare(Serde.to_dict(made)) == _bare(event)


def _facets(owner: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    return {name: _facet(dict(body)) for name, body in owner[f"{prefix}Facets" if prefix else "facets"].items()}


def _facet(body: dict[str, Any]) -> Any:
    producer, address = body.pop("_producer"), body.pop("_schemaURL")
    name = address.rpartition("/")[2]
    module = import_module(f"openlineage.client.generated.{_MODULES[name]}")
    if name == "ParentRunFacet":
        body = {"run": module.Run(**body["run"]), "job": module.Job(**body["job"])}
    for field, (place, kind) in _PARTS.items():
        if field in body:
            part = getattr(import_module(f"openlineage.client.generated.{place}"), kind)
            body[field] = [part(**one) for one in body[field]]
    return getattr(module, name)(**body, producer=producer)


def _bare(value: Any) -> Any:
    """Without what is empty: the classes write out what nobody gave."""
    match value:
        case dict():
            return {key: bare for key, one in value.items() if (bare := _bare(one)) not in ({}, [], None)}
        case list():
            return [_bare(one) for one in value]
    return value
