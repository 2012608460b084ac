"""The export is the catalog, table by table, to the last value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from db import models as m
from db.errors import DbError

if TYPE_CHECKING:
    from conftest import Studio


def test_every_table_is_there_with_every_row(studio: Studio, tmp_path: Path) -> None:
    studio.localize()
    rows = studio.catalog.export(tmp_path / "export")
    assert set(rows) == set(m.Base.metadata.tables)
    with studio.catalog.read() as session:
        for name, table in m.Base.metadata.tables.items():
            count = session.execute(select(func.count()).select_from(table)).scalar_one()
            assert pq.read_table(tmp_path / "export" / f"{name}.parquet").num_rows == rows[name] == count
    assert sorted(path.name for path in (tmp_path / "export").iterdir()) == sorted(f"{name}.parquet" for name in rows)


def test_values_keep_their_types(studio: Studio, tmp_path: Path) -> None:
    studio.localize()
    studio.catalog.export(tmp_path / "export")
    steps = pq.read_table(tmp_path / "export" / "step.parquet")
    assert steps.schema.field("started_at").type == pa.timestamp("us", tz="UTC")
    assert steps.schema.field("cache_hit").type == pa.bool_()
    assert steps.schema.field("gpu_seconds").type == pa.float64()
    recipes = pq.read_table(tmp_path / "export" / "recipe.parquet").to_pylist()
    assert {recipe["stage"]: json.loads(recipe["tools"]) for recipe in recipes}["demux"] == {"ffmpeg": "7"}
    with studio.catalog.read() as session:
        started = session.execute(select(m.Step.started_at).order_by(m.Step.id)).scalars().all()
    assert [row["started_at"] for row in steps.to_pylist()] == started


def test_a_later_export_takes_the_place_of_the_earlier(studio: Studio, tmp_path: Path) -> None:
    assert studio.catalog.export(tmp_path / "export")["title"] == 0
    studio.version()
    assert studio.catalog.export(tmp_path / "export")["title"] == 1
    assert pq.read_table(tmp_path / "export" / "title.parquet").to_pylist()[0]["slug"] == "glass-harbor"


def test_where_no_folder_can_be_nothing_is_written(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DbError, match="cannot write the export"):
        studio.catalog.export(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
