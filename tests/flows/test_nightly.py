"""A night as a studio has it: the deployment runs in a worker, and so does every title that it hands over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import cast

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from cli.localizing import localize_here
from flows.deployments import REPROCESS
from flows.server import studio_api
from flows.submit import follow
from tasks.context import means
from tests.flows.test_reprocess import LAST, ORDER, Studio, executed
from tests.studio import studio_up

pytestmark = pytest.mark.slow


def test_the_nightly_deployment_has_a_stale_title_s_candidate_made_by_a_worker(
    home: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("master.mov", "dub_fr.wav"):
        shutil.copyfile(sample / name, tmp_path / name)
    order = tmp_path / "order.yaml"
    order.write_text(ORDER.format(slug="soon", due="2026-12-24"))
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        studio_up(tmp_path / "up.log", gpu_workers=0),
        studio_api(home / "prefect") as url,
    ):
        monkeypatch.setenv("PREFECT_API_URL", url)
        localize_here(order, tmp_path / "out")
        studio = Studio(home, tmp_path / "out", {"soon": order})
        before = studio.files()
        studio.spec(9, -26.0)
        night = cast(FlowRun, run_deployment(REPROCESS, timeout=0, as_subflow=False))
        assert follow(night) == "Completed"
        with get_client(sync_client=True) as client:
            handed_over = FlowRunFilter(tags=FlowRunFilterTags(all_=["title-soon", "nightly"]))
            (made,) = client.read_flow_runs(flow_run_filter=handed_over)
        assert made.work_queue_name == "nightly"
        assert follow(made) == "Completed"
        # As an automation does that was told of the run's end too late.
        with get_client(sync_client=True) as client:
            client.set_flow_run_state(made.id, Scheduled(), force=True)
            assert follow(made) == "Completed"
            assert client.read_flow_run(made.id).run_count == 2
    after = studio.files()
    assert {name: after[name] for name in before} == before
    (candidate,) = after.keys() - before.keys()
    listed = json.loads((studio.out / "soon" / "manifest.json").read_text())["deliverables"]
    assert candidate in {f"soon/{one['path']}" for one in listed}
    first, second = reversed(means().catalog.title("soon").runs)
    assert (first.trigger, second.trigger, second.state) == ("user", "reprocess", "completed")
    done = executed(second.run_id)
    assert set(done) <= LAST and done["conform"] == 1
