"""Verification finds every broken byte, and a repair makes good what can be made good."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text, update

from db import models as m
from db.process import Owner
from db.verification import FORGOTTEN

if TYPE_CHECKING:
    from conftest import Studio

on_sqlite = pytest.mark.parametrize("place", ["sqlite+folder"], indirect=True)


def publish(studio: Studio, content: bytes) -> None:
    """Where `Studio.deliver` says the deliverable lies."""
    studio.write("out/fr-FR.mov", content)


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
    studio.lose(b"master mix")
    studio.spoil(b"master me", b"master mE")
    report = studio.catalog.verify(studio.store)
    assert not report.sound
    assert {(fault.problem, fault.sha256 in fault.path) for fault in report.faults} == {
        ("missing", True),
        ("corrupt", True),
    }


def test_a_quick_look_finds_what_is_missing_or_of_another_size(studio: Studio) -> None:
    studio.localize()
    studio.lose(b"master mix")
    studio.spoil(b"master me", b"longer than it was")
    report = studio.catalog.verify(studio.store, quick=True)
    assert sorted(fault.problem for fault in report.faults) == ["corrupt", "missing"]


def test_bytes_nobody_knows_are_named_and_do_no_harm(studio: Studio) -> None:
    studio.localize()
    asset = studio.put(b"stored, then killed")
    report = studio.catalog.verify(studio.store, repair=True)
    assert report.sound
    assert [(fault.problem, fault.sha256) for fault in report.faults] == [("orphaned", asset.sha256)]
    assert b"stored, then killed" in studio.contents()


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


@pytest.mark.parametrize("how", ["lost", "spoiled"])
def test_a_deliverable_is_restored_from_where_it_was_published(studio: Studio, how: str) -> None:
    studio.localize()
    publish(studio, b"master final 1")
    if how == "lost":
        studio.lose(b"master final 1")
    else:
        studio.spoil(b"master final 1", b"master f1nal 1")
    (fault,) = studio.catalog.verify(studio.store).faults
    assert fault.needed_for == (str(studio.folder / "out" / "fr-FR.mov"),)
    report = studio.catalog.verify(studio.store, repair=True)
    assert report.sound
    assert [fault.mended for fault in report.faults] == [f"restored from {studio.folder / 'out' / 'fr-FR.mov'}"]
    assert studio.catalog.verify(studio.store).faults == ()
    assert b"master final 1" in studio.contents()


def test_a_copy_that_has_changed_too_restores_nothing(studio: Studio) -> None:
    studio.localize()
    publish(studio, b"edited since")
    studio.lose(b"master final 1")
    report = studio.catalog.verify(studio.store, repair=True)
    assert not report.sound
    assert [fault.mended for fault in report.faults] == [FORGOTTEN]


def test_what_has_no_copy_is_forgotten_and_made_anew(studio: Studio) -> None:
    deliverable = studio.localize()
    studio.spoil(b"master me", b"master mE")
    report = studio.catalog.verify(studio.store, repair=True)
    assert [(fault.problem, fault.mended) for fault in report.faults] == [("corrupt", FORGOTTEN)]
    assert not report.sound
    assert studio.catalog.verify(studio.store).faults == ()
    assert studio.localize() == deliverable
    assert b"master me" in studio.contents()
    assert studio.catalog.verify(studio.store).faults == ()


def test_a_run_whose_process_died_is_named_and_ended(studio: Studio) -> None:
    lost, alive = studio.run(studio.version("one")), studio.run(studio.version("two"))
    with studio.catalog.write() as session:
        here = {"host": Owner.current().host}
        session.execute(update(m.Run).values(here))
        session.execute(update(m.Run).where(m.Run.id == lost).values(process_started="before the last boot"))
    (fault,) = studio.catalog.verify(studio.store).faults
    assert (fault.problem, fault.path) == ("run abandoned", f"run {lost}")
    assert [fault.mended for fault in studio.catalog.verify(studio.store, repair=True).faults] == ["ended as crashed"]
    with studio.catalog.read() as session:
        states = session.execute(select(m.Run.id, m.Run.state)).tuples().all()
        assert dict(states) == {lost: "crashed", alive: "running"}


@on_sqlite
def test_a_row_that_names_nothing_is_damage(studio: Studio) -> None:
    studio.localize()
    with studio.catalog.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.execute(text("DELETE FROM version"))
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        connection.exec_driver_sql("BEGIN")
    report = studio.catalog.verify(studio.store)
    assert not report.sound
    assert any("names a version that is not there" in fault.path for fault in report.faults)
