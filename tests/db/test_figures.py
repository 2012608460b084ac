"""What is watched is what the tables say, however often and whenever it is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from db import models as m
from db.figures import BOUNDS, Figures, StudioFigures
from db.models.base import now
from db.recipes import Recipe

if TYPE_CHECKING:
    from conftest import Studio


def lasting(studio: Studio, run: int, stage: str, seconds: float, *, device: str | None = None) -> int:
    """A step that took so long, ended a day ago."""
    recipe = Recipe(stage, 1, {"seconds": seconds}, {})
    step = studio.catalog.begin_step(run, recipe)
    studio.catalog.finish_step(step, {}, device=device)
    began = now() - timedelta(days=1)
    with studio.catalog.write() as session:
        session.execute(
            update(m.Step)
            .where(m.Step.id == step)
            .values(started_at=began, ended_at=began + timedelta(seconds=seconds))
        )
    return step


def by_hand(studio: Studio, stage: str) -> tuple[int, int, int, float]:
    """Steps of a stage that were made, answered from the catalog, failed; and the seconds of the first."""
    with studio.catalog.read() as session:
        steps = session.execute(select(m.Step).join(m.Recipe).where(m.Recipe.stage == stage)).scalars().all()
    made = [step for step in steps if step.state == "completed" and not step.cache_hit]
    return (
        len(made),
        sum(step.cache_hit for step in steps),
        sum(step.state in ("failed", "crashed", "cancelled") for step in steps),
        sum((step.ended_at - step.started_at).total_seconds() for step in made if step.ended_at),
    )


def assert_as_by_hand(studio: Studio, figures: StudioFigures) -> None:
    for stage, found in figures.steps.items():
        made, cached, failed, seconds = by_hand(studio, stage)
        assert (found.made, found.cached, found.failed) == (made, cached, failed)
        assert found.seconds == pytest.approx(seconds, abs=1e-3 * max(made, 1))
        assert sum(found.within) == made


def test_figures_asked_for_again_and_again_are_those_of_one_who_asks_for_the_first_time(studio: Studio) -> None:
    version = studio.version()
    first, second = studio.run(version), studio.run(version)
    watching = Figures(studio.catalog.url.render_as_string(hide_password=False))
    assert watching.figures().steps == {}
    made = lasting(studio, first, "separate", 90.0, device="cuda:0")
    lasting(studio, first, "probe", 0.3)
    assert_as_by_hand(studio, watching.figures())
    running = studio.catalog.begin_step(first, Recipe("clean", 1, {}, {}))
    lasting(studio, first, "separate", 4000.0, device="cuda:1")
    studio.catalog.reuse_step(second, Recipe("separate", 1, {"seconds": 90.0}, {}), made)
    assert_as_by_hand(studio, watching.figures())
    studio.catalog.fail_step(running, "out of memory")
    lasting(studio, second, "probe", 0.05)
    asked_again = watching.figures()
    assert_as_by_hand(studio, asked_again)
    anew = Figures(studio.catalog.url.render_as_string(hide_password=False)).figures()
    assert {stage: (one.made, one.cached, one.failed, one.within) for stage, one in asked_again.steps.items()} == {
        stage: (one.made, one.cached, one.failed, one.within) for stage, one in anew.steps.items()
    }
    assert asked_again.steps["clean"].failed == 1
    separate = asked_again.steps["separate"]
    assert separate.device_seconds == pytest.approx({"cuda:0": 90.0, "cuda:1": 4000.0}, abs=1e-3)
    slot = next(place for place, bound in enumerate(BOUNDS) if bound >= 90.0)
    assert separate.within[slot] == 1
    (one, two) = sorted(asked_again.newest_titles, key=lambda title: title.device)
    assert (one.title, one.device, one.seconds) == ("glass-harbor", "cuda:0", pytest.approx(90.0, abs=1e-3))
    assert two.seconds == pytest.approx(4000.0, abs=1e-3)


def test_runs_are_told_apart_by_how_they_ended(studio: Studio) -> None:
    version = studio.version()
    for state, code in (("failed", 3), ("failed", 5), ("failed", 3), ("cancelled", 130), ("completed", 0)):
        studio.catalog.finish_run(studio.run(version), state, exit_code=code)
    studio.run(version)
    figures = Figures(studio.catalog.url.render_as_string(hide_password=False)).figures()
    assert figures.runs == {
        ("failed", 3): 2,
        ("failed", 5): 1,
        ("cancelled", 130): 1,
        ("completed", 0): 1,
        ("running", None): 1,
    }


def test_bytes_are_those_the_store_holds(studio: Studio) -> None:
    version = studio.version()
    studio.step(studio.run(version), "demux", {"master": studio.master(b"not in the store")}, {"ov_mix": b"12345"})
    figures = Figures(studio.catalog.url.render_as_string(hide_password=False)).figures()
    assert (figures.store_assets, figures.store_bytes, figures.titles) == (1, 5, 1)
