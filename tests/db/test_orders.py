"""Of a version's orders the latest speaks; what it no longer asks for is not wanted any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from sqlalchemy import func, select

from db import models as m
from db.orders import WantedFile

if TYPE_CHECKING:
    from conftest import Studio

MOV = WantedFile("fr-FR", "ebu-r128", "mov", "pcm_s24le", date(2026, 12, 24))
MP4 = WantedFile("fr-FR", "web", "mp4", "aac")
AT_ONCE = """
import sys
from pathlib import Path
from db.catalog import Catalog
from db.orders import WantedFile
catalog = Catalog.open(sys.argv[1])
for turn in range(8):
    body = {"title": sys.argv[3], "turn": turn}
    wanted = [WantedFile("fr-FR", "web", "mp4", "aac")]
    catalog.record_order(int(sys.argv[2]), body, path=Path("a"), out=Path("out"), wanted=wanted)
"""


def order(studio: Studio, version: int, *wanted: WantedFile) -> int:
    body = {"deliver": [file.spec_id for file in wanted], "options": {"max_gain_db": 12.0}}
    paths = {"path": studio.folder / "order.yaml", "out": studio.folder / "out"}
    return studio.catalog.record_order(version, body, **paths, wanted=wanted)


def test_a_row_taken_out_of_the_order_is_not_wanted_any_more(studio: Studio) -> None:
    version, other = studio.version(), studio.version("heat-dome")
    assert studio.catalog.latest_order(version) is None
    order(studio, version, MOV, MP4)
    order(studio, other, MP4)
    assert studio.catalog.wanted(version) == [MOV, MP4]
    order(studio, version, MP4)
    assert studio.catalog.wanted(version) == studio.catalog.wanted(other) == [MP4]
    latest = studio.catalog.latest_order(version)
    assert latest is not None
    assert latest.body == {"deliver": ["web"], "options": {"max_gain_db": 12.0}}
    assert (latest.path, latest.out) == (studio.folder / "order.yaml", studio.folder / "out")


def test_the_same_order_again_is_the_same_row_and_a_former_one_is_new(studio: Studio) -> None:
    version = studio.version()
    first = order(studio, version, MOV)
    assert order(studio, version, MOV) == first
    second = order(studio, version, MP4)
    assert order(studio, version, MOV) > second > first
    assert studio.catalog.wanted(version) == [MOV]


def test_orders_of_one_title_at_once_leave_what_the_last_of_them_wants(
    studio: Studio, catalog_url: str, python: Callable[..., Popen[str]]
) -> None:
    version = studio.version()
    processes = [python(AT_ONCE, catalog_url, version, name) for name in "ab"]
    assert [process.communicate(timeout=60)[1] for process in processes] == ["", ""]
    assert studio.catalog.wanted(version) == [MP4]
    with studio.catalog.read() as session:
        assert 8 < session.execute(select(func.count()).select_from(m.WorkOrder)).scalar_one() <= 16


def test_a_due_day_is_exported_as_a_day(studio: Studio, tmp_path: Path) -> None:
    order(studio, studio.version(), MOV)
    studio.catalog.export(tmp_path / "export")
    (row,) = pq.read_table(tmp_path / "export" / "wanted.parquet").to_pylist()
    assert row["due"] == date(2026, 12, 24)
