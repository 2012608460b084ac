"""A delivery check that failed, as a Prefect event: what a studio's own automations, and our webhook, wait for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prefect.events import emit_event
from prefect.runtime import flow_run

from flows.artifacts import review_link

FAILED = "dubline.delivery.failed"
RESOURCE = "dubline.deliverable"


@dataclass(frozen=True, slots=True)
class Failure:
    """One deliverable that does not meet its spec."""

    resource: str
    payload: dict[str, Any]


def tell_failures(slug: str, manifest: Mapping[str, Any], review_url: str | None) -> None:
    """Emit one event for each deliverable of the manifest that failed its check; Prefect sends them by itself."""
    run = flow_run.get_id()
    related = [{"prefect.resource.id": f"prefect.flow-run.{run}", "prefect.resource.role": "flow-run"}] if run else []
    for failure in failures_in(slug, manifest, review_url):
        labels = {"prefect.resource.id": failure.resource, "prefect.resource.name": failure.payload["text"]}
        emit_event(FAILED, resource=labels, related=related, payload=failure.payload)


def failures_in(slug: str, manifest: Mapping[str, Any], review_url: str | None) -> Iterator[Failure]:
    """What is told of each deliverable that failed: title, language, spec, its failed checks, and a line of text."""
    name = manifest["title"]["name"]
    for item in manifest["deliverables"]:
        if item["verdict"] != "fail":
            continue
        language, spec = item["language"], item["spec"]["id"]
        failed = [
            {key: check[key] for key in ("name", "value", "limit", "note")}
            for check in item["checks"]
            if check["verdict"] == "fail"
        ]
        said = ", ".join(f"{check['name']} {check['value']} (limit {check['limit']})" for check in failed)
        yield Failure(
            resource=f"{RESOURCE}.{slug}.{language}.{spec}",
            payload={
                "text": f"{name}, {language} for {spec}, fails its delivery check: {said}",
                "title": slug,
                "name": name,
                "language": language,
                "spec": spec,
                "file": item["path"],
                "failed": failed,
                "review": review_link(review_url, slug),
            },
        )
