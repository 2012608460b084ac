"""How far a title is: never back, never done before it is, and told to Prefect."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.order import Order
from flows.progress import Gauge, title_progress
from tasks.progress import StepProgress, tell

STEPS = st.sampled_from(["separate", "clean", "mix", "check", "something new"])
TOLD = st.builds(StepProgress, STEPS, st.sampled_from(["", "a", "b"]), st.floats(0, 1), st.just("running"))


@given(told=st.lists(TOLD, max_size=60), total=st.floats(1, 200))
def test_progress_never_falls_and_is_whole_only_at_the_end(told: list[StepProgress], total: float) -> None:
    gauge, before = Gauge(total), 0.0
    for one in told:
        gauge(one)
        assert before <= gauge.percent <= 99.0
        before = gauge.percent
    gauge.finish()
    assert gauge.percent == 100.0


def test_parts_made_anywhere_are_one_separation() -> None:
    gauge = Gauge(40.0)
    for part in "abcd":
        gauge(StepProgress("separate", part, 0.0, "running"))
    gauge(StepProgress("separate", "c", 1.0, "done"))
    assert gauge.percent == 25.0


def test_prefect_is_told(prefect_server: str) -> None:
    order = Order.model_validate(
        {
            "title": {"id": "told", "name": "Told"},
            "master": {"path": "master.mov", "language": "en"},
            "dubs": [{"language": "fr-FR", "dialogue": "fr.wav"}],
            "deliver": [{"spec": "ebu-r128", "container": "mov", "codec": "pcm_s24le"}],
        }
    )

    @flow(persist_result=False)
    def some_title() -> None:
        with title_progress(order):
            tell(StepProgress("separate", "", 0.5, "running"))

    some_title()
    with get_client(sync_client=True) as client:
        (artifact,) = client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["progress-told"]))
        )
    assert artifact.data == 100.0
