"""The database itself refuses what makes no sense, whoever writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from db import models as m
from db.catalog import Catalog
from db.models.base import now

SHA = "a" * 64
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ASSET = {"sha256": SHA, "bytes": 1, "suffix": ".wav", "storage_uri": "store:x", "created_at": MOMENT}
VERSION = {"id": 1, "title_id": 1, "label": "theatrical", "created_at": MOMENT}
RUN = {
    "id": 1,
    "version_id": 1,
    "trigger": "user",
    "state": "running",
    "started_at": MOMENT,
    "host": "h",
    "pid": 1,
    "process_started": "",
}
RECIPE = {"key": SHA, "stage": "mix", "stage_version": 1, "params": {}, "inputs": {}, "tools": {}, "created_at": MOMENT}
STEP = {
    "id": 1,
    "run_id": 1,
    "recipe_key": SHA,
    "state": "running",
    "started_at": MOMENT,
    "gpu_seconds": 0.0,
    "cache_hit": False,
}
FILE = {
    "id": 1,
    "version_id": 1,
    "asset_sha256": SHA,
    "role": "dx",
    "language": "",
    "suffix": ".wav",
    "created_at": MOMENT,
}
SPEC = {
    "id": 1,
    "spec_id": "web",
    "version": "1",
    "body": {},
    "body_sha256": SHA,
    "verified": False,
    "created_at": MOMENT,
}
EVENT = {"media_file_id": 1, "start_seconds": 0.0, "end_seconds": 1.0, "channels": ["C"], "label": "laughter"}
DELIVERABLE = {
    "id": 1,
    "version_id": 1,
    "language": "fr-FR",
    "spec_id": 1,
    "container": "mov",
    "codec": "pcm_s24le",
    "media_file_id": 1,
    "path": "/out/x.mov",
    "state": "candidate",
    "created_at": MOMENT,
}


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    """One sound row in each table."""
    rows: list[tuple[type[m.Base], dict[str, Any]]] = [
        (m.Title, {"id": 1, "slug": "t", "name": "T", "kind": "film", "created_at": MOMENT}),
        (m.Version, VERSION),
        (m.Asset, ASSET),
        (m.MediaFile, FILE),
        (m.Recipe, RECIPE),
        (m.Run, RUN),
        (m.Step, STEP),
        (m.Spec, SPEC),
        (m.VocalEvent, EVENT),
        (m.Deliverable, DELIVERABLE),
    ]
    for table, row in rows:
        write(catalog, table, row)
    return catalog


def write(catalog: Catalog, table: type[m.Base], row: dict[str, Any]) -> None:
    with catalog.write() as session:
        session.execute(insert(table).values(**row))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (m.Title, {"id": 2, "slug": "t2", "name": "T", "kind": "opera"}),
        (m.Version, VERSION | {"id": 2, "label": "half", "fps_num": 24}),
        (m.Version, VERSION | {"id": 2, "label": "still", "fps_num": 0, "fps_den": 1}),
        (m.Version, VERSION | {"id": 2, "label": "negative", "duration_frames": -1}),
        (m.Asset, ASSET | {"sha256": "short"}),
        (m.Asset, ASSET | {"sha256": "b" * 64, "bytes": -1}),
        (m.MediaFile, FILE | {"id": 2, "role": ""}),
        (m.Run, RUN | {"id": 2, "state": "asleep"}),
        (m.Run, RUN | {"id": 2, "state": "completed"}),
        (m.Run, RUN | {"id": 2, "ended_at": MOMENT}),
        (m.Step, STEP | {"id": 2, "state": "asleep"}),
        (m.Step, STEP | {"id": 2, "state": "failed"}),
        (m.Step, STEP | {"id": 2, "cache_hit": True}),
        (m.Step, STEP | {"id": 2, "source_step_id": 1}),
        (m.VocalEvent, EVENT | {"label": "applause"}),
        (m.VocalEvent, EVENT | {"end_seconds": -1.0}),
        (m.VocalEvent, EVENT | {"start_seconds": -2.0}),
        (m.Measurement, {"name": "x", "kind": "undefined"}),
        (m.Measurement, {"step_id": 1, "media_file_id": 1, "name": "x", "kind": "undefined"}),
        (m.Measurement, {"step_id": 1, "name": "x", "kind": "number"}),
        (m.Measurement, {"step_id": 1, "name": "x", "kind": "text", "value": 1.0}),
        (m.Measurement, {"step_id": 1, "name": "x", "kind": "colour"}),
        (m.QcResult, {"media_file_id": 1, "spec_id": 1, "verdict": "perhaps", "items": []}),
        (m.Deliverable, DELIVERABLE | {"id": 2, "codec": "flac", "state": "lost"}),
        (m.Approval, {"deliverable_id": 1, "who": "me", "decision": "maybe"}),
        (m.Model, {"model_id": "x", "name": "X", "version": "1", "weights_sha256": SHA, "params": {}, "status": "odd"}),
        (m.Track, {"media_file_id": 1, "idx": 0, "kind": "smell", "codec": "pcm"}),
    ],
)
def test_what_makes_no_sense_is_refused(filled: Catalog, table: type[m.Base], row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"CHECK|violates check|ck_"):
        write(filled, table, row)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (m.Version, VERSION | {"id": 2, "label": "x", "title_id": 99}),
        (m.MediaFile, FILE | {"id": 2, "asset_sha256": "c" * 64}),
        (m.Run, RUN | {"id": 2, "version_id": 99}),
        (m.Step, STEP | {"id": 2, "recipe_key": "c" * 64}),
        (m.StepInput, {"step_id": 1, "role": "mix", "position": 0, "asset_sha256": "c" * 64}),
        (m.StepOutput, {"step_id": 99, "role": "mix", "media_file_id": 1}),
        (m.Derivation, {"output_sha256": SHA, "input_sha256": "c" * 64, "step_id": 1, "role": "mix"}),
        (m.Deliverable, DELIVERABLE | {"id": 2, "codec": "flac", "spec_id": 99}),
        (m.Approval, {"deliverable_id": 99, "who": "me", "decision": "approved"}),
        (m.RecipeModel, {"recipe_key": SHA, "model_id": 99}),
    ],
)
def test_what_refers_to_nothing_is_refused(filled: Catalog, table: type[m.Base], row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        write(filled, table, row)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (m.Title, {"id": 2, "slug": "t", "name": "Other"}),
        (m.Version, VERSION | {"id": 2}),
        (m.Asset, ASSET),
        (m.MediaFile, FILE | {"id": 2}),
        (m.Spec, SPEC | {"id": 2}),
        (m.Deliverable, DELIVERABLE | {"id": 2}),
    ],
)
def test_what_is_there_is_not_there_twice(filled: Catalog, table: type[m.Base], row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)unique"):
        write(filled, table, row)


def test_what_is_referred_to_cannot_be_deleted(filled: Catalog) -> None:
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), filled.write() as session:
        session.execute(text("DELETE FROM asset"))


def test_times_come_back_in_utc_whatever_zone_they_were_given_in(filled: Catalog) -> None:
    tokyo = datetime(2026, 3, 29, 9, 30, tzinfo=timezone(timedelta(hours=9)))
    write(filled, m.Approval, {"deliverable_id": 1, "who": "me", "decision": "approved", "decided_at": tokyo})
    with filled.read() as session:
        back = session.execute(select(m.Approval.decided_at)).scalar_one()
    assert back == tokyo
    assert back.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused(filled: Catalog) -> None:
    naive = now().replace(tzinfo=None)
    with pytest.raises(StatementError, match="must carry its time zone"):
        write(filled, m.Approval, {"deliverable_id": 1, "who": "me", "decision": "approved", "decided_at": naive})
