"""What a run leaves in Prefect says what was delivered, and leads to the review desk."""

from __future__ import annotations

import json
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.runtime import flow_run

from dubline.vocalization.events import Event
from flows.artifacts import event_rows, publish_artifacts
from flows.submit import delivered_by

FIGURES = {"integrated_lufs": -23.0, "dialogue_lufs": None, "lra_lu": 6.0, "true_peak_dbtp": -0.3}
CHECK = {"name": "true peak", "value": -0.3, "limit": "at most -1", "target": -1, "unit": "dBTP", "note": "loud | <b>"}


def manifest(verdict: str) -> dict[str, Any]:
    return {
        "title": {"name": "Glass Harbor"},
        "me_measurement": FIGURES,
        "notes": [],
        "deliverables": [
            {
                "language": "fr-FR",
                "spec": {"id": "ebu-r128"},
                "verdict": verdict,
                "measurement": FIGURES,
                "checks": [CHECK | {"verdict": verdict}],
                "path": "fr-FR/glass-harbor.mov",
                "sha256": "a" * 64,
            }
        ],
    }


def found(start: float, score: float) -> Event:
    return Event(start, start + 1.0, ("FC",), "laughter", score, -30.0)


def test_tables_say_what_was_delivered_and_lead_to_the_desk(prefect_server: str) -> None:
    @flow(persist_result=False)
    def some_title() -> str:
        publish_artifacts("glass-harbor", manifest("fail"), [found(1.0, 0.9)], "https://desk.studio/")
        return str(flow_run.get_id())

    run = some_title()
    with get_client(sync_client=True) as client:
        mine = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run]))
        left = {str(one.key).removesuffix("-glass-harbor"): one for one in client.read_artifacts(artifact_filter=mine)}
        submitted = client.read_flow_run(run)  # type: ignore[arg-type]
    assert left.keys() == {"deliverables", "checks", "loudness", "events", "qc", "review"}
    for name in ("deliverables", "checks", "loudness", "events"):
        assert "https://desk.studio/titles/glass-harbor" in str(left[name].description)
        assert json.loads(str(left[name].data))
    assert [row["track"] for row in json.loads(str(left["loudness"].data))] == ["M&E", "fr-FR for ebu-r128"]
    assert "https://desk.studio/titles/glass-harbor" in str(left["review"].data)
    assert "at most -1" in str(left["qc"].data)
    (delivered,) = delivered_by(submitted)
    assert (delivered["language"], delivered["spec"], delivered["verdict"]) == ("fr-FR", "ebu-r128", "fail")


def test_of_very_many_events_the_surest_are_listed_in_their_order() -> None:
    rows = event_rows([found(float(second), 1.0 - second / 1000) for second in range(500)][::-1])
    assert [row["start"] for row in rows] == [float(second) for second in range(len(rows))]
    assert 0 < len(rows) < 500
