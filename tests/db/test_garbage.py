"""Garbage collection takes only what nobody needs."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from db import models as m
from db.bucket_store import BucketStore
from db.models.base import now
from db.recipes import Recipe

if TYPE_CHECKING:
    from conftest import Studio

NO_GRACE = timedelta(0)


def test_nothing_that_a_deliverable_came_from_is_garbage(studio: Studio) -> None:
    studio.localize()
    report = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE)
    assert (report.files, report.bytes, report.steps) == ((), 0, 0)


def test_a_dry_run_names_what_a_real_one_frees(studio: Studio) -> None:
    studio.localize()
    studio.put(b"orphan")
    before = studio.contents()
    planned = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE)
    assert studio.contents() == before
    done = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert (planned.files, planned.bytes, planned.deleted) == (done.files, done.bytes, False)
    assert (done.bytes, done.deleted) == (6, True)
    assert studio.contents() == before - {b"orphan"}
    assert studio.catalog.verify(studio.store).faults == ()


def test_what_was_superseded_goes_and_its_history_stays(studio: Studio) -> None:
    first = studio.localize()
    second = studio.localize(spec_version="2")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert b"master final 1" not in studio.contents()
    assert {b"master final 2", b"master mix", b"master me", b"master dx", b"master ov"} == studio.contents()
    assert studio.catalog.verify(studio.store).faults == ()
    assert first != second
    tree = studio.catalog.lineage(str(first))
    assert tree.walk()[-1].label == "glass-harbor.mov"
    assert "collected" in tree.children[0].facts


def test_what_was_freed_is_made_again_when_it_is_wanted_again(studio: Studio) -> None:
    first = studio.localize()
    studio.localize(spec_version="2")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert studio.localize() == first
    assert b"master final 1" in studio.contents()
    assert studio.catalog.verify(studio.store).faults == ()


def test_an_approved_deliverable_is_kept_whatever_comes_after(studio: Studio) -> None:
    studio.catalog.decide(studio.localize(), "approved", who="producer")
    studio.localize(spec_version="2")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert b"master final 1" in studio.contents()


def test_grace_keeps_what_is_young(studio: Studio) -> None:
    studio.localize()
    studio.localize(spec_version="2")
    studio.put(b"orphan")
    assert studio.catalog.collect_garbage(studio.store, grace=timedelta(days=1)).files == ()


def test_a_version_at_work_and_bytes_just_stored_are_left_alone(studio: Studio) -> None:
    studio.localize()
    studio.localize(spec_version="2")
    studio.put(b"stored a moment before its step is recorded")
    run = studio.run(studio.version())
    assert studio.catalog.collect_garbage(studio.store, grace=NO_GRACE).files == ()
    studio.catalog.finish_run(run, "failed")
    assert len(studio.catalog.collect_garbage(studio.store, grace=NO_GRACE).files) == 2


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_steps_that_made_nothing_are_forgotten_after_the_grace(studio: Studio, state: str) -> None:
    run = studio.run(studio.version())
    step = studio.catalog.begin_step(run, Recipe("separate", 1, {}, {}))
    studio.catalog.fail_step(step, "no memory", state=state)
    studio.catalog.finish_run(run, "failed")
    assert studio.catalog.collect_garbage(studio.store, grace=timedelta(days=1), delete_them=True).steps == 0
    with studio.catalog.write() as session:
        session.execute(update(m.Step).values(ended_at=now() - timedelta(days=2)))
    assert studio.catalog.collect_garbage(studio.store, grace=timedelta(days=1), delete_them=True).steps == 1
    with studio.catalog.read() as session:
        assert session.get(m.Step, step) is None


def test_bytes_asked_for_again_since_they_were_found_stay(studio: Studio) -> None:
    """Another run makes the same bytes between gc's look around and its deletion."""
    studio.put(b"unneeded")
    (found,) = studio.store.objects()
    time.sleep(1.1)  # S3 tells time in seconds
    age(studio)
    studio.put(b"unneeded")
    assert not studio.store.remove(found)
    assert studio.contents() == {b"unneeded"}


def age(studio: Studio) -> None:
    """The bucket takes an object that it got a moment ago as it is: let its clock say that was yesterday."""
    if isinstance(studio.store, BucketStore):
        studio.store._young = timedelta(0)


def test_a_source_outside_the_store_is_never_touched(studio: Studio) -> None:
    studio.master(b"never localized")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert (studio.folder / "master.mov").read_bytes() == b"never localized"
