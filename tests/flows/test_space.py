"""A run that the disks cannot hold is refused before its long work begins, and one that needs no more is not."""

from __future__ import annotations

import shutil
from collections import namedtuple
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from db.files import keep_asset, keep_media_file
from dubline.errors import EnvironmentFault
from dubline.media.streams import AudioStream, Color, Media, VideoStream
from flows.preflight import Plan, preflight
from flows.run import register
from flows.space import DESK_BYTES_PER_SECOND, check_space, refuse_what_does_not_fit, space_for
from tasks.context import means
from tasks.settings import Settings
from tasks.step import RunRef

GIB = 2**30
MOV = {"spec": "ebu-r128", "container": "mov", "codec": "pcm_s24le"}
WAV = {"spec": "netflix-nearfield", "container": "wav", "codec": "pcm_s24le"}
Usage = namedtuple("Usage", "total used free")


def planned(home: Path, *rows: dict[str, Any]) -> Plan:
    for name in ("master.mov", "fr.wav", "es.wav"):
        (home.parent / name).write_bytes(b"x" * 1000)
    order = {
        "title": {"id": "glass-harbor", "name": "Glass Harbor", "version": "cut-2"},
        "master": {"path": "master.mov", "language": "en"},
        "dubs": [{"language": "fr-FR", "dialogue": "fr.wav"}, {"language": "es-419", "dialogue": "es.wav"}],
        "deliver": list(rows),
    }
    (home.parent / "order.yaml").write_text(yaml.safe_dump(order))
    return preflight(home.parent / "order.yaml", home.parent / "out", Settings.load())


def feature(hours: float, channels: int = 2) -> Media:
    seconds = hours * 3600
    picture = VideoStream(
        index=0, codec="h264", width=1920, height=1080, pixel_format="yuv420p", frame_rate=Fraction(24),
        frames=round(24 * seconds), constant_frame_rate=True, jitter_only=False, start_seconds=Fraction(0),
        duration_seconds=seconds, color=Color(), sha256="0" * 64,
    )  # fmt: skip
    sound = AudioStream(
        index=0, stream_index=1, codec="pcm_s24le", rate=48_000, channels=channels,
        layout={2: "stereo", 6: "5.1"}[channels], language="eng", title=None, default=True, start_seconds=0.0,
        duration_seconds=seconds, bit_depth=24, packets=1000, sha256="0" * 64,
    )  # fmt: skip
    return Media("master.mov", "mov", seconds, picture, (sound,), (), (), (), None)


def disk_of(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10 * free, 9 * free, free))


def test_an_hour_of_stereo_takes_what_was_measured(home: Path) -> None:
    """25 to 30 GB for two dubs and two specs, beside the deliverables (docs/operations.md); never said to be less."""
    space = space_for(planned(home, MOV, WAV), feature(1), master_bytes=0)
    delivered = 2 * 2 * 3600 * 48_000 * 2 * 3
    assert 30e9 < space.store - delivered < 39e9


def test_six_channels_take_three_times_two_and_each_picture_counts(home: Path) -> None:
    plan = planned(home, MOV, WAV)
    stereo, surround = (space_for(plan, feature(1, channels), 0) for channels in (2, 6))
    desk = 8 * 3600 * DESK_BYTES_PER_SECOND  # folded to two channels, whatever the title has
    assert surround.store - desk == pytest.approx(3 * (stereo.store - desk))
    with_picture = space_for(plan, feature(1), 7 * GIB)
    assert with_picture.store - stereo.store == with_picture.out - stereo.out == 2 * 7 * GIB  # a MOV for each dub


def test_folders_of_one_disk_share_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_of(4 * GIB, monkeypatch)
    refuse_what_does_not_fit({tmp_path / "store": 2 * GIB, tmp_path / "not" / "there" / "yet": 2 * GIB})
    with pytest.raises(EnvironmentFault, match=r"up to 4\.5 GiB of disk, 4\.0 GiB are free \(.*store, .*out\)"):
        refuse_what_does_not_fit({tmp_path / "store": 2 * GIB, tmp_path / "out": 5 * GIB // 2})


def test_what_is_there_already_needs_no_room(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plan, media = planned(home, MOV), feature(0.001)
    version = register(plan)
    catalog, store = means().catalog, means().store
    run = RunRef(catalog.start_run(version, trigger="user", host="here"), version, "glass-harbor")
    disk_of(1, monkeypatch)
    with pytest.raises(EnvironmentFault, match="are free"):
        check_space(run, plan, media)
    space = space_for(plan, media, 1000)
    for folder, size in ((tmp_path, space.store), (plan.out / "glass-harbor", space.out)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "made").write_bytes(b"x" * size)
    asset = store.put(tmp_path / "made", suffix=".wav")
    with catalog.write() as session:
        keep_asset(session, asset)
        keep_media_file(session, version_id=version, asset=asset, role="ov_mix", language=None, origin_name=None)
    check_space(run, plan, media)
