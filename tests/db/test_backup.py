"""What is backed up, under load or not, comes back elsewhere: on another kind of database and store, if need be."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from db import models as m
from db.catalog import Catalog
from db.errors import Conflict, DbError, NotFound
from db.folder_store import FolderStore

if TYPE_CHECKING:
    from conftest import Studio

# Localizes titles until it is stopped: rows and bytes, in the order in which the step mechanism writes them.
WORK = """
import sys
from pathlib import Path
from db.catalog import Catalog
from db.recipes import Recipe
from db.stores import open_store
catalog, folder = Catalog.open(sys.argv[1]), Path(sys.argv[2])
store = open_store(sys.argv[3], cache=folder / "cache2", cache_limit=2**30)
for number in range(10_000):
    version = catalog.register_title(slug=f"t{number}", name="x", original_language="en", version_label="v")
    run = catalog.start_run(version, trigger="user", host="here")
    step = catalog.begin_step(run, Recipe("demux", 1, {"title": number}, {}))
    (folder / "made").write_bytes(str(number).encode())
    catalog.finish_step(step, {"ov_mix": store.put(folder / "made", suffix=".wav")})
    catalog.finish_run(run, "completed")
    print(number, flush=True)
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> tuple[Catalog, FolderStore]:
    """An empty catalog and store of one machine."""
    return Catalog.open(f"sqlite:///{tmp_path / 'elsewhere' / 'catalog.db'}"), FolderStore(tmp_path / "elsewhere")


def rows(catalog: Catalog) -> dict[str, list[tuple[object, ...]]]:
    with catalog.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in m.Base.metadata.sorted_tables
        }


def test_every_row_and_every_byte_comes_back(
    studio: Studio, elsewhere: tuple[Catalog, FolderStore], tmp_path: Path
) -> None:
    studio.localize()
    deliverable = studio.localize("other", b"other master")
    studio.catalog.decide(deliverable, "approved", who="producer")
    report = studio.catalog.back_up(studio.store, tmp_path / "backup")
    assert (report.copied, report.missing) == (10, ())
    catalog, store = elsewhere
    restored = catalog.restore(store, tmp_path / "backup")
    assert (restored.name, restored.rows, restored.stored, restored.interrupted) == (report.name, report.rows, 10, 0)
    assert rows(catalog) == rows(studio.catalog)
    assert catalog.verify(store).faults == ()


def test_one_machine_grows_into_a_studio(
    elsewhere: tuple[Catalog, FolderStore], studio: Studio, tmp_path: Path
) -> None:
    """From SQLite and a folder to whatever the studio has, where numbers go on from the last."""
    small = type(studio)(*elsewhere, tmp_path)
    deliverable = small.localize()
    small.catalog.back_up(small.store, tmp_path / "backup")
    studio.catalog.restore(studio.store, tmp_path / "backup")
    assert rows(studio.catalog) == rows(small.catalog)
    assert studio.localize() == deliverable
    assert studio.localize("next", b"next master") > deliverable
    assert studio.catalog.verify(studio.store).faults == ()


def test_a_second_backup_copies_what_is_new_and_either_can_be_had_back(
    studio: Studio, elsewhere: tuple[Catalog, FolderStore], tmp_path: Path
) -> None:
    studio.localize()
    first = studio.catalog.back_up(studio.store, tmp_path / "backup")
    studio.localize(spec_version="2")
    second = studio.catalog.back_up(studio.store, tmp_path / "backup")
    assert (first.copied, second.copied) == (5, 1)
    catalog, store = elsewhere
    catalog.restore(store, tmp_path / "backup", name=first.name)
    with catalog.read() as session:
        assert session.scalars(select(m.Spec.version)).all() == ["1"]


def test_a_backup_under_load_is_one_moment_and_whole(
    studio: Studio,
    catalog_url: str,
    elsewhere: tuple[Catalog, FolderStore],
    python: Callable[..., subprocess.Popen[str]],
    tmp_path: Path,
) -> None:
    process = python(WORK, catalog_url, tmp_path, studio.store.where)
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    report = studio.catalog.back_up(studio.store, tmp_path / "backup")
    assert process.poll() is None
    time.sleep(0.2)
    process.kill()
    assert report.missing == ()
    catalog, store = elsewhere
    restored = catalog.restore(store, tmp_path / "backup")
    assert report.rows["title"] >= 3
    assert catalog.verify(store).faults == ()
    states = [run.state for title in catalog.titles() for run in catalog.title(str(title.version_id)).runs]
    assert states.count("crashed") == restored.interrupted <= 1
    assert set(states) <= {"completed", "crashed"}


def test_work_at_the_time_of_the_backup_is_over_after_it(
    studio: Studio, elsewhere: tuple[Catalog, FolderStore], tmp_path: Path
) -> None:
    version = studio.version()
    run = studio.run(version)
    with studio.catalog.title_lock(version, run):
        studio.catalog.back_up(studio.store, tmp_path / "backup")
    catalog, store = elsewhere
    assert catalog.restore(store, tmp_path / "backup").interrupted == 1
    (ended,) = catalog.title(str(version)).runs
    assert ended.state == "crashed"
    with catalog.title_lock(version, catalog.start_run(version, trigger="user", host="here")):
        pass


def test_a_missing_object_is_named_and_the_rest_is_kept(studio: Studio, tmp_path: Path) -> None:
    studio.localize()
    studio.lose(b"master mix")
    report = studio.catalog.back_up(studio.store, tmp_path / "backup")
    assert (report.copied, len(report.missing)) == (4, 1)


def test_a_catalog_with_anything_in_it_is_not_restored_over(studio: Studio, tmp_path: Path) -> None:
    studio.localize()
    studio.catalog.back_up(studio.store, tmp_path / "backup")
    with pytest.raises(Conflict, match="not empty"):
        studio.catalog.restore(studio.store, tmp_path / "backup")


@pytest.mark.parametrize("place", ["sqlite+folder"], indirect=True)
def test_a_damaged_backup_is_refused_and_nothing_is_brought_back(
    studio: Studio, elsewhere: tuple[Catalog, FolderStore], tmp_path: Path
) -> None:
    studio.localize()
    report = studio.catalog.back_up(studio.store, tmp_path / "backup")
    table = tmp_path / "backup" / "catalogs" / report.name / "step.parquet"
    table.write_bytes(table.read_bytes()[:-1])
    catalog, store = elsewhere
    with pytest.raises(DbError, match="the backup is damaged"):
        catalog.restore(store, tmp_path / "backup")
    with pytest.raises(NotFound, match="no such backup"):
        catalog.restore(store, tmp_path / "backup", name="yesterday")
    assert catalog.titles() == []
