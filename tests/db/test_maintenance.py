"""Verification finds every broken byte; garbage collection takes only what nobody needs."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, update

from db import models as m
from db.models.base import now
from db.recipes import Recipe

if TYPE_CHECKING:
    from conftest import Studio

NO_GRACE = timedelta(0)


def object_of(studio: Studio, content: bytes) -> Path:
    return next(path for path in studio.store.objects.rglob("*.wav") if path.read_bytes() == content)


def contents(studio: Studio) -> set[bytes]:
    return {path.read_bytes() for path in studio.store.objects.rglob("*") if path.is_file()}


def test_what_is_sound_is_called_sound(studio: Studio) -> None:
    studio.localize()
    told: list[tuple[int, int]] = []
    report = studio.catalog.verify(studio.store, progress=lambda done, total: told.append((done, total)))
    assert report.sound
    assert report.faults == ()
    assert report.checked == 6  # the OV mix, two stems, a mix, a deliverable, and the master outside
    assert told == [(done, 6) for done in range(1, 7)]
    with studio.catalog.read() as session:
        unverified = select(func.count()).where(m.Asset.verified_at.is_(None), m.Asset.storage_uri.startswith("store:"))
        assert session.execute(unverified).scalar_one() == 0


def test_missing_and_corrupt_objects_are_found_even_where_the_file_looks_untouched(studio: Studio) -> None:
    studio.localize()
    object_of(studio, b"master mix").unlink()
    rotten = object_of(studio, b"master me")
    before = rotten.stat()
    rotten.chmod(0o644)
    rotten.write_bytes(b"master mE")
    os.utime(rotten, ns=(before.st_atime_ns, before.st_mtime_ns))
    report = studio.catalog.verify(studio.store)
    assert not report.sound
    assert {(fault.problem, Path(fault.path).name[:64] == fault.sha256) for fault in report.faults} == {
        ("missing", True),
        ("corrupt", True),
    }


def test_bytes_nobody_knows_are_named_and_do_no_harm(studio: Studio) -> None:
    studio.localize()
    asset = studio.put(b"stored, then killed")
    report = studio.catalog.verify(studio.store)
    assert report.sound
    assert [(fault.problem, fault.sha256) for fault in report.faults] == [("orphaned", asset.sha256)]


def test_a_source_moved_or_edited_is_named_and_is_the_studios_own_matter(studio: Studio) -> None:
    studio.localize()
    studio.localize("other", b"other master")
    (studio.folder / "glass-harbor.mov").unlink()
    (studio.folder / "other.mov").write_bytes(b"edited")
    report = studio.catalog.verify(studio.store)
    assert report.sound
    assert {(fault.problem, Path(fault.path).name) for fault in report.faults} == {
        ("source missing", "glass-harbor.mov"),
        ("source changed", "other.mov"),
    }


def test_nothing_that_a_deliverable_came_from_is_garbage(studio: Studio) -> None:
    studio.localize()
    report = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE)
    assert (report.files, report.bytes, report.steps) == ((), 0, 0)


def test_a_dry_run_names_what_a_real_one_frees(studio: Studio) -> None:
    studio.localize()
    studio.put(b"orphan")
    before = contents(studio)
    planned = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE)
    assert contents(studio) == before
    done = studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert (planned.files, planned.bytes, planned.deleted) == (done.files, done.bytes, False)
    assert (done.bytes, done.deleted) == (6, True)
    assert contents(studio) == before - {b"orphan"}
    assert studio.catalog.verify(studio.store).faults == ()


def test_what_was_superseded_goes_and_its_history_stays(studio: Studio) -> None:
    first = studio.localize()
    second = studio.localize(spec_version="2")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert b"master final 1" not in contents(studio)
    assert {b"master final 2", b"master mix", b"master me", b"master dx", b"master ov"} == contents(studio)
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
    assert b"master final 1" in contents(studio)
    assert studio.catalog.verify(studio.store).faults == ()


def test_an_approved_deliverable_is_kept_whatever_comes_after(studio: Studio) -> None:
    studio.catalog.decide(studio.localize(), "approved", who="producer")
    studio.localize(spec_version="2")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert b"master final 1" in contents(studio)


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


def test_a_source_outside_the_store_is_never_touched(studio: Studio) -> None:
    studio.master(b"never localized")
    studio.catalog.collect_garbage(studio.store, grace=NO_GRACE, delete_them=True)
    assert (studio.folder / "master.mov").read_bytes() == b"never localized"
