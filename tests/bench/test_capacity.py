"""The capacity model: every stage has a cost, a catalog's are read right, and the forecast answers to its knobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import update

from bench.capacity import Studio, forecast, lengths, title_of
from bench.costs import SEPARATE, from_catalog, read_table
from db import models as m
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.step import Made, RunRef, Step, Work, step

ROOT = Path(__file__).parents[2]
STUDIO = Studio(workers=8, gpus=2, gpu_speed_up=1.0, worker_price=0.1, gpu_price=2.0, dubs=2, specs=2)
MINUTES = lengths(300, [(22.0, 0.5), (45.0, 0.3), (100.0, 0.2)], seed=3)


# What an order must ask for, and what only making a title again does.
UNUSUAL = {"align", "broadcast", "difference", "edits"}


def test_every_stage_of_a_usual_title_has_a_cost() -> None:
    modules = [import_module(f"tasks.{path.stem}") for path in (ROOT / "tasks").glob("*.py") if path.stem != "__init__"]
    stages = {found.name for module in modules for found in vars(module).values() if isinstance(found, Step)}
    assert stages - read_table().stages.keys() == UNUSUAL


def test_a_title_s_parts_are_its_length_and_its_worker_s_time_all_but_them() -> None:
    costs = read_table()
    title = title_of(20.0, STUDIO, costs)
    assert len(title.parts) == 3
    assert sum(title.parts) == pytest.approx(costs.separation(20.0))
    assert title.before + title.after == pytest.approx(costs.title_start + costs.on_worker(20.0, dubs=2, specs=2))
    assert sum(title_of(20.0, replace(STUDIO, gpu_speed_up=4.0), costs).parts) == pytest.approx(sum(title.parts) / 4)


@pytest.mark.parametrize("more", [{"gpus": 4}, {"workers": 16}, {"gpu_speed_up": 10.0}, {"gpus": 64}])
def test_more_of_anything_is_never_slower(more: dict[str, float]) -> None:
    costs = replace(read_table(), share_start=0.0)
    plain, richer = (forecast(MINUTES, one, costs) for one in (STUDIO, replace(STUDIO, **more)))
    assert richer["hours"] <= plain["hours"] * (1 + 1e-9)


def test_the_bottleneck_is_what_more_of_would_help() -> None:
    costs = read_table()
    slow_gpus = replace(STUDIO, workers=200, gpus=1)
    assert forecast(MINUTES, slow_gpus, costs)["bottleneck"] == "gpus"
    hours = forecast(MINUTES, slow_gpus, costs)["hours"]
    assert forecast(MINUTES, replace(slow_gpus, workers=400), costs)["hours"] > 0.95 * hours
    assert forecast(MINUTES, replace(slow_gpus, gpus=2), costs)["hours"] < 0.6 * hours
    assert forecast(MINUTES, replace(STUDIO, gpus=64), costs)["bottleneck"] == "workers"


def test_what_is_urgent_does_not_wait_for_the_night() -> None:
    report = forecast(MINUTES, STUDIO, read_table(), rush_per_day=40.0)
    rush, nightly = report["queues"]["rush"], report["queues"]["nightly"]
    assert rush["titles"] > 5
    assert rush["begun_after_p95_minutes"] < 0.1 * nightly["begun_after_median_minutes"]


def test_cost_is_hours_times_what_stands_there() -> None:
    report = forecast(MINUTES, STUDIO, read_table())
    assert report["cost"] == pytest.approx(report["hours"] * (8 * 0.1 + 2 * 2.0))
    assert report["cost_per_title"] == pytest.approx(report["cost"] / 300)


@step("detect", version=1)
def detect(work: Work, text: Path) -> Made:
    """Stands for the stage of this name."""
    out = work.scratch / "out.txt"
    out.write_text(text.read_text() + "!")
    return Made({"events": out})


def test_a_catalog_s_steps_give_its_seconds_a_minute(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    catalog = means().catalog
    # Two minutes of film.
    version = catalog.register_title(
        slug="t", name="T", original_language="en", version_label="v", fps=(24, 1), duration_frames=24 * 120
    )
    text = ingest_file(tmp_path / "a.txt")
    for _ in range(2):  # the second is answered from the catalog, and no work
        detect(RunRef(catalog.start_run(version, trigger="user", host="here"), version, "t"), text=text)
    begun = datetime(2026, 11, 22, tzinfo=UTC)
    with catalog.write() as session:
        session.execute(update(m.Step).values(started_at=begun, ended_at=begun + timedelta(seconds=30)))
    table = read_table()
    costs = from_catalog(catalog.url.render_as_string(hide_password=False), table)
    assert costs.stages["detect"].seconds_a_minute == pytest.approx(15.0)
    assert costs.stages[SEPARATE] == table.stages[SEPARATE]
