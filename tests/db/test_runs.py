"""A step is recorded whole or not at all, and answers for its recipe ever after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from db import models as m
from db.assets import StoredAsset
from db.catalog import Catalog
from db.errors import DbError, NotFound
from db.files import stamp
from db.findings import Figure
from db.recipes import Recipe

if TYPE_CHECKING:
    from conftest import Studio


def count(catalog: Catalog, table: type[m.Base]) -> int:
    with catalog.read() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def demux(master: str) -> Recipe:
    return Recipe("demux", 1, {"stream": 0}, {"master": master}, tools={"ffmpeg": "7"})


def test_a_finished_step_answers_for_its_recipe(studio: Studio) -> None:
    catalog, version = studio.catalog, studio.version()
    recipe = demux(studio.master())
    assert catalog.find_outputs(recipe.key) is None
    step = catalog.begin_step(studio.run(version), recipe)
    assert catalog.find_outputs(recipe.key) is None
    made = {"ov_mix": studio.put(b"ov"), "probe": studio.put(b"{}", ".json")}
    figures: dict[str, Figure] = {"lufs": -23.1, "count": 3, "vfr": False, "layout": "5.1", "dialogue": None}
    catalog.finish_step(step, made, measurements=figures, gpu_seconds=1.5, languages={"ov_mix": "en"})
    found = catalog.find_outputs(recipe.key)
    assert found is not None
    assert (found.step_id, found.outputs) == (step, made)
    assert found.measurements == figures
    assert {name: type(figure) for name, figure in found.measurements.items()} == {
        name: type(figure) for name, figure in figures.items()
    }


def test_every_output_is_derived_from_every_input(studio: Studio) -> None:
    one, two, third = (studio.master(content, name=name) for content, name in ((b"1", "1"), (b"2", "2"), (b"3", "3")))
    step = studio.catalog.begin_step(
        studio.run(studio.version()), Recipe("mix", 1, {}, {"me": one, "dubs": [two, third]})
    )
    made = {"mix": studio.put(b"mix"), "report": studio.put(b"report")}
    studio.catalog.finish_step(step, made)
    with studio.catalog.read() as session:
        derived = {
            (row.output_sha256, row.input_sha256, row.role) for row in session.execute(select(m.Derivation)).scalars()
        }
        used = [
            (row.role, row.position, row.asset_sha256)
            for row in session.execute(select(m.StepInput).order_by(m.StepInput.role, m.StepInput.position)).scalars()
        ]
    assert derived == {
        (output.sha256, source, role)
        for output in made.values()
        for role, source in (("me", one), ("dubs", two), ("dubs", third))
    }
    assert used == [("dubs", 0, two), ("dubs", 1, third), ("me", 0, one)]


def test_a_step_that_cannot_be_recorded_whole_is_not_recorded(studio: Studio) -> None:
    recipe = demux(studio.master())
    step = studio.catalog.begin_step(studio.run(studio.version()), recipe)
    assets = count(studio.catalog, m.Asset)
    with pytest.raises(ValueError, match="measurement lufs is nan"):
        studio.catalog.finish_step(step, {"ov_mix": studio.put(b"ov")}, measurements={"lufs": float("nan")})
    assert studio.catalog.find_outputs(recipe.key) is None
    assert count(studio.catalog, m.Asset) == assets
    assert [count(studio.catalog, table) for table in (m.StepOutput, m.StepInput, m.Derivation, m.Measurement)] == [
        0
    ] * 4
    studio.catalog.finish_step(step, {"ov_mix": studio.put(b"ov")}, measurements={"lufs": None})
    assert studio.catalog.find_outputs(recipe.key) is not None


def test_a_step_without_inputs_or_outputs_is_a_step(studio: Studio) -> None:
    recipe = Recipe("publish", 1, {}, {})
    studio.catalog.finish_step(studio.catalog.begin_step(studio.run(studio.version()), recipe), {})
    found = studio.catalog.find_outputs(recipe.key)
    assert found is not None
    assert (found.outputs, found.measurements) == ({}, {})


def test_the_latest_step_answers(studio: Studio) -> None:
    """Bytes lost from the store are made again by a new step, which then speaks for the recipe."""
    recipe, run = demux(studio.master()), studio.run(studio.version())
    for content in (b"first", b"second"):
        step = studio.catalog.begin_step(run, recipe)
        studio.catalog.finish_step(step, {"ov_mix": studio.put(content)})
    found = studio.catalog.find_outputs(recipe.key)
    assert found is not None
    with studio.store.lend(found.outputs["ov_mix"]) as path:
        assert path.read_bytes() == b"second"


def test_a_step_taken_from_the_catalog_gives_its_files_to_the_new_version_too(studio: Studio) -> None:
    first, second = studio.version("one"), studio.version("two")
    recipe = demux(studio.master())
    step = studio.catalog.begin_step(studio.run(first), recipe)
    studio.catalog.finish_step(step, {"ov_mix": studio.put(b"ov")}, languages={"ov_mix": "en"})
    run = studio.run(second)
    reused = studio.catalog.reuse_step(run, recipe, step)
    with studio.catalog.read() as session:
        row = session.get_one(m.Step, reused)
        assert (row.state, row.cache_hit, row.source_step_id, row.run_id) == ("completed", True, step, run)
        files = session.execute(select(m.MediaFile.version_id, m.MediaFile.role, m.MediaFile.language)).tuples().all()
    assert sorted(files) == [(first, "ov_mix", "en"), (second, "ov_mix", "en")]
    found = studio.catalog.find_outputs(recipe.key)
    assert found is not None
    assert found.step_id == step
    assert studio.catalog.step_counts(run) == (0, 1)


def test_a_step_whose_bytes_were_freed_meanwhile_answers_nothing(studio: Studio) -> None:
    """Garbage collection between the question whether the bytes are there and the note that they are used again."""
    recipe, run = demux(studio.master()), studio.run(studio.version())
    step = studio.catalog.begin_step(run, recipe)
    made = studio.put(b"ov")
    studio.catalog.finish_step(step, {"ov_mix": made})
    with studio.catalog.write() as session:
        stamp(session, [made.sha256], "collected_at")
    assert studio.catalog.reuse_step(run, recipe, step) is None
    assert studio.catalog.step_counts(run) == (1, 0)


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_step_that_failed_answers_nothing(studio: Studio, state: str) -> None:
    recipe = demux(studio.master())
    step = studio.catalog.begin_step(studio.run(studio.version()), recipe)
    studio.catalog.fail_step(step, "no audio", state=state)
    assert studio.catalog.find_outputs(recipe.key) is None
    with studio.catalog.read() as session:
        row = session.get_one(m.Step, step)
        assert (row.state, row.error) == (state, "no audio")
    with pytest.raises(DbError, match=f"is already {state}"):
        studio.catalog.finish_step(step, {})


def test_failing_after_the_end_changes_nothing(studio: Studio) -> None:
    recipe = demux(studio.master())
    step = studio.catalog.begin_step(studio.run(studio.version()), recipe)
    studio.catalog.finish_step(step, {"ov_mix": studio.put(b"ov")})
    studio.catalog.fail_step(step, "too late")
    assert studio.catalog.find_outputs(recipe.key) is not None


def test_an_input_nobody_knows_is_refused_before_the_work(studio: Studio) -> None:
    with pytest.raises(NotFound, match="a step's input is no known asset"):
        studio.catalog.begin_step(studio.run(studio.version()), demux("f" * 64))


def test_a_run_that_was_ended_can_record_nothing(studio: Studio) -> None:
    """The fence behind the lock: a process that slept through its takeover finds its run crashed."""
    run, recipe = studio.run(studio.version()), demux(studio.master())
    step = studio.catalog.begin_step(run, recipe)
    studio.catalog.finish_run(run, "crashed", "taken over")
    with pytest.raises(DbError, match="is already crashed"):
        studio.catalog.finish_step(step, {"ov_mix": studio.put(b"ov")})
    with pytest.raises(DbError, match="is already crashed"):
        studio.catalog.begin_step(run, recipe)
    assert studio.catalog.find_outputs(recipe.key) is None
    with studio.catalog.read() as session:
        assert session.get_one(m.Step, step).state == "crashed"


@pytest.mark.parametrize(("state", "step_state"), [("completed", "crashed"), ("failed", "failed")])
def test_no_step_outlives_its_run(studio: Studio, state: str, step_state: str) -> None:
    run = studio.run(studio.version())
    step = studio.catalog.begin_step(run, demux(studio.master()))
    studio.catalog.finish_run(run, state)
    studio.catalog.finish_run(run, "cancelled", "an end is an end")
    with studio.catalog.read() as session:
        assert session.get_one(m.Step, step).state == step_state
        assert session.get_one(m.Run, run).state == state


def test_unknown_ids_are_named(studio: Studio) -> None:
    with pytest.raises(NotFound, match=r"no such version \(99\)"):
        studio.run(99)
    with pytest.raises(NotFound, match=r"no such run \(99\)"):
        studio.catalog.begin_step(99, demux("a" * 64))
    with pytest.raises(NotFound, match=r"no such step \(99\)"):
        studio.catalog.finish_step(99, {})


def test_an_output_that_lay_outside_the_store_lies_inside_from_then_on(studio: Studio) -> None:
    """A pass-through step makes the master's own bytes an output; the studio may then move its file."""
    master = studio.master(b"same bytes", name="master.wav")
    recipe = demux(master)
    step = studio.catalog.begin_step(studio.run(studio.version()), recipe)
    asset: StoredAsset = studio.put(b"same bytes")
    studio.catalog.finish_step(step, {"ov_mix": asset})
    (studio.folder / "master.wav").unlink()
    found = studio.catalog.find_outputs(recipe.key)
    assert found is not None
    assert studio.store.verify(found.outputs["ov_mix"])
