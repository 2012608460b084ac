"""What a title's run refuses before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Crashed, Running

from dubline.errors import EnvironmentFault
from flows.run import has_completed, refuse_after_crashes
from tasks.context import means

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow
def title() -> None:
    """Nothing: the run is what counts."""


def test_a_run_that_crashes_each_time_is_not_taken_up_a_fifth_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(title)
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(run.id))
        for _ in range(4):
            client.set_flow_run_state(run.id, Running(), force=True)
            refuse_after_crashes()
            client.set_flow_run_state(run.id, Crashed(), force=True)
        client.set_flow_run_state(run.id, Running(), force=True)
    with pytest.raises(EnvironmentFault, match="crashed 4 times"):
        refuse_after_crashes()


@pytest.mark.parametrize(("ended", "again"), [("completed", True), ("failed", False), ("crashed", False)])
def test_only_what_completed_is_not_begun_again(
    ended: str, again: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = means().catalog
    version = catalog.register_title(slug="t", name="T", original_language="en", eidr=None, version_label="original")
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(title)
        monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(run.id))
        client.set_flow_run_state(run.id, Running(), force=True)
        kept = catalog.start_run(version, trigger="user", host="here", prefect_flow_run_id=str(run.id))
        catalog.finish_run(kept, ended)
        assert not has_completed()  # the run is at it for the first time
        client.set_flow_run_state(run.id, Crashed(), force=True)
        client.set_flow_run_state(run.id, Running(), force=True)
        assert has_completed() is again
