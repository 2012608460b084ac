"""Separation in a pool: the same bytes as here, whoever makes the parts, and whatever becomes of a share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Completed, Crashed, Failed, Pending, Running, State

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput, EnvironmentFault
from flows import separate as separation
from flows.pool import share_out
from flows.separate import parts_of, separate_parts, separate_stems
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.separate import separate
from tasks.step import RunRef, StepResult

RATE, SECONDS = 8_000, 34


@flow(validate_parameters=False)
def title(run: Any, ov: Any) -> Any:
    """A title as far as its stems."""
    return separate_stems(run, ov, "default")


@pytest.fixture
def taken_in(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[RunRef, StepResult]:
    """A run, and the OV mix of a title of three parts."""
    monkeypatch.setenv("DUBLINE_DEVICE", "cpu")
    monkeypatch.setattr(separation, "PART_SECONDS", 16)
    path = tmp_path / "mix.wav"
    noise = 0.1 * np.random.default_rng(1).standard_normal((SECONDS * RATE, 1))
    with WavWriter(path, rate=RATE, layout=Layout.parse("mono")) as writer:
        writer.write(noise.astype(np.float32))
    asset, catalog = ingest_file(path), means().catalog
    version = catalog.register_title(
        slug="t", name="T", original_language="en", eidr=None, version_label="original", fps=(24, 1)
    )
    run = RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t")
    return run, StepResult("demux", "", [], {"ov_mix": asset}, {"frames": SECONDS * RATE, "rate": RATE})


@pytest.fixture
def deployed(prefect_server: str) -> Iterator[SyncPrefectClient]:
    """A server that knows the pool gpu and the flow `separate` in it."""
    with get_client(sync_client=True) as client:
        with suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name="gpu", type="process"))
        flow_id = client.create_flow(separate_parts)
        deployment = client.create_deployment(flow_id, name="separate", work_pool_name="gpu")
        yield client
        client.delete_deployment(deployment)
        client.delete_work_pool("gpu")


# The server tells of two hundred runs at a time: other tests have made theirs, and a schedule runs of nights to come.
DISPATCHED = DeploymentFilter(name=DeploymentFilterName(any_=["separate"]))
LATEST = FlowRunSort.EXPECTED_START_TIME_DESC
Behavior = Callable[[FlowRun], State[Any]]


@contextmanager
def workers(client: SyncPrefectClient, *behaviors: Behavior) -> Iterator[list[list[str]]]:
    """Stand-ins for the workers of pool gpu: one name heard of for each of ``behaviors``, which take the runs in turn,
    the last all that come. Yields the names of the parts asked for, run by run."""
    asked: list[list[str]] = []
    done = threading.Event()

    def take() -> None:
        seen: set[UUID] = set()
        while not done.wait(0.2):
            for one in client.read_flow_runs(deployment_filter=DISPATCHED, sort=LATEST):
                if one.id in seen or not (one.state and one.state.is_scheduled()):
                    continue
                seen.add(one.id)
                behave = behaviors[min(len(asked), len(behaviors) - 1)]
                asked.append(list(one.parameters["parts"]))
                for state in (Pending(), Running()):
                    client.set_flow_run_state(one.id, state)
                client.set_flow_run_state(one.id, behave(one))

    for k in range(len(behaviors)):
        client.send_worker_heartbeat("gpu", f"worker-{k}", heartbeat_interval_seconds=60)
    thread = threading.Thread(target=take)
    thread.start()
    try:
        yield asked
    finally:
        done.set()
        thread.join()


def works(one: FlowRun) -> State[Any]:
    """What the deployment's flow does."""
    run = RunRef(**one.parameters["run"])
    for name, part in one.parameters["parts"].items():
        separate(run, name, ov_mix=one.parameters["ov_mix"], **part)
    return Completed()


def stems_of(result: StepResult) -> dict[str, str]:
    return {role: result[role] for role in ("dx", "mx", "fx", "me")}


def test_two_workers_make_the_bytes_of_none(
    taken_in: tuple[RunRef, StepResult],
    deployed: SyncPrefectClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, ov = taken_in
    with workers(deployed, works, works) as asked:
        far = title(run, ov)
    assert sorted(asked) == [["part 1 of 3"], ["part 2 of 3", "part 3 of 3"]]
    monkeypatch.setenv("DUBLINE_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("DUBLINE_GPU_POOL", "none")
    ingest_file(tmp_path / "mix.wav")
    catalog = means().catalog
    version = catalog.register_title(slug="t", name="T", original_language="en", eidr=None, version_label="original")
    near = title(RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t"), ov)
    assert stems_of(far) == stems_of(near)
    assert far.models == near.models and far.models[0]["id"] == "bandsplit-small"
    assert catalog.step_counts(1) == (4, 0)


def test_a_share_that_crashed_is_made_again_and_finished_parts_are_not(
    taken_in: tuple[RunRef, StepResult], deployed: SyncPrefectClient
) -> None:
    def crashes(one: FlowRun) -> State[Any]:
        run, (name, part) = RunRef(**one.parameters["run"]), next(iter(one.parameters["parts"].items()))
        separate(run, name, ov_mix=one.parameters["ov_mix"], **part)
        return Crashed(message="the process was killed")

    run, ov = taken_in
    with workers(deployed, crashes, works) as asked:
        title(run, ov)
    assert [name for share in asked[2:] for name in share] == ([] if len(asked[0]) == 1 else ["part 3 of 3"])
    executed, cached = means().catalog.step_counts(run.run_id)
    assert (executed, cached) == (4, 3)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("BadInput: NaN samples (mix.wav): export it again", BadInput),
        ("EnvironmentFault: no room (/scratch): free some", EnvironmentFault),
        ("ZeroDivisionError: division by zero", EnvironmentFault),
    ],
)
def test_what_a_share_ended_with_is_what_the_title_ends_with(
    said: str, error: type[Exception], taken_in: tuple[RunRef, StepResult], deployed: SyncPrefectClient
) -> None:
    def fails(one: FlowRun) -> State[Any]:
        return Failed(message=f"Flow run encountered an exception: {said}")

    with workers(deployed, fails), pytest.raises(error, match=said.partition(": ")[2].partition(" (")[0]):
        title(*taken_in)


@pytest.mark.parametrize(
    ("ends", "said", "rounds"),
    [
        (Completed(), "another recipe than this machine would", 1),
        (Crashed(message="the process was killed"), "crashed 3 times", 3),
    ],
)
def test_a_pool_that_never_makes_what_it_is_asked_for_is_given_up(
    ends: State[Any], said: str, rounds: int, taken_in: tuple[RunRef, StepResult], deployed: SyncPrefectClient
) -> None:
    with workers(deployed, lambda _: ends) as asked, pytest.raises(EnvironmentFault, match=said):
        title(*taken_in)
    assert asked == rounds * [["part 1 of 3", "part 2 of 3", "part 3 of 3"]]


def test_a_pool_without_workers_is_left_alone_unless_it_is_named(
    taken_in: tuple[RunRef, StepResult], deployed: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dispatched() -> int:
        return len(deployed.read_flow_runs(deployment_filter=DISPATCHED))

    run, ov = taken_in
    before = dispatched()
    title(run, ov)
    assert means().catalog.step_counts(run.run_id) == (4, 0)
    assert dispatched() == before
    monkeypatch.setenv("DUBLINE_GPU_POOL", "elsewhere")
    monkeypatch.setattr(separation, "PART_SECONDS", 32)  # other parts than the catalog has
    with pytest.raises(EnvironmentFault, match="no deployment of 'separate'"):
        title(run, ov)


@given(parts=st.integers(1, 60), workers=st.integers(0, 80))
def test_parts_are_shared_out_in_order_and_evenly(parts: int, workers: int) -> None:
    names = [str(k) for k in range(parts)]
    shares = share_out(names, workers)
    assert [name for share in shares for name in share] == names
    sizes = {len(share) for share in shares}
    assert min(sizes) >= 1 and max(sizes) - min(sizes) <= 1
    assert len(shares) == min(max(workers, 1), parts)


@given(frames=st.integers(0, 48_000 * 3 * 3600), rate=st.sampled_from([8_000, 44_100, 48_000, 96_000]))
def test_the_parts_of_a_title_meet_and_cover_it(frames: int, rate: int) -> None:
    parts = list(parts_of(frames, rate).values())
    assert parts[0][0] == 0 and parts[-1][1] == frames
    assert all(before[1] == after[0] for before, after in pairwise(parts))
