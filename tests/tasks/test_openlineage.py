"""Events as OpenLineage's published schemas want them."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from dubline.errors import BadInput, Cancelled
from tasks.openlineage import Kind, end_of, flush, step_job, tell, title_job
from tests.openlineage_spec import assert_valid

MASTER, MIX = "a" * 64, "b" * 64


@pytest.fixture
def told(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where events go."""
    path = tmp_path / "events" / "lineage.jsonl"
    monkeypatch.setenv("DUBLINE_OPENLINEAGE_URL", path.as_uri())
    return path


def test_every_kind_of_event_is_valid_and_a_step_names_its_title_s_run(told: Path) -> None:
    flow_run = str(uuid4())
    title = title_job("glass-harbor", flow_run, 7)
    step = step_job(title, "demux", "", {"recipe": "c" * 64, "stage_version": "1"})
    tell("START", title)
    tell("START", step, inputs=[MASTER, MASTER])
    tell("COMPLETE", step, inputs=[MASTER], outputs={MIX: 12}, cached=True)
    tell("FAIL", title, error=BadInput("no sound", "master.mov", "add a stream"))
    flush()
    events = [json.loads(line) for line in told.read_text().splitlines()]
    for event in events:
        assert_valid(event)
    begun, started, done, failed = events
    assert begun["run"]["runId"] == failed["run"]["runId"] == flow_run
    assert started["run"]["runId"] == done["run"]["runId"] != flow_run
    assert started["run"]["facets"]["parent"]["run"]["runId"] == flow_run
    assert [one["name"] for one in started["inputs"]] == [f"sha256:{MASTER}"]
    (made,) = done["outputs"]
    assert made["name"] == f"sha256:{MIX}"
    assert made["outputFacets"]["outputStatistics"]["size"] == 12
    assert "no sound" in failed["run"]["facets"]["errorMessage"]["message"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(Cancelled("a", "b", "c"), "ABORT"), (KeyboardInterrupt(), "ABORT"), (ValueError("x"), "FAIL")],
)
def test_who_was_stopped_did_not_fail(error: BaseException, kind: Kind) -> None:
    assert end_of(error) == kind


def test_a_run_outside_prefect_has_an_id_of_its_own() -> None:
    one, again, other = title_job("a", None, 1), title_job("a", None, 1), title_job("a", None, 2)
    assert one == again
    assert one.run != other.run


def test_nothing_is_sent_where_nobody_listens(home: Path, tmp_path: Path) -> None:
    tell("START", title_job("a", None, 1))
    flush()
    assert list(tmp_path.rglob("*.jsonl")) == []
