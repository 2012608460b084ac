"""What a title's run refuses before it begins."""

from __future__ import annotations

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Crashed, Running

from dubline.errors import EnvironmentFault
from flows.run import refuse_after_crashes

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
