"""What every store promises, a folder and a bucket alike."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.errors import DbError
from db.store import Store, stored
from db.stores import open_store

if TYPE_CHECKING:
    from conftest import Studio


def put(store: Store, tmp_path: Path, content: bytes, suffix: str = ".wav") -> str:
    (tmp_path / "file").write_bytes(content)
    return store.put(tmp_path / "file", suffix=suffix).sha256


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.binary(max_size=2000), st.sampled_from([".wav", ".mov", ".json", ""]), st.booleans())
def test_bytes_come_back_as_they_went_in(store: Store, tmp_path: Path, content: bytes, suffix: str, move: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    asset = store.put(path, suffix=suffix, move=move)
    assert asset == stored(hashlib.sha256(content).hexdigest(), len(content), suffix)
    with store.lend(asset) as lent:
        assert lent.read_bytes() == content
        assert lent.suffix == suffix
    assert path.exists() == (not move)
    assert store.verify(asset)
    assert store.verify(asset, rehash=True)


def test_the_same_bytes_are_kept_once_and_under_every_suffix_they_came_with(store: Store, tmp_path: Path) -> None:
    shas = {put(store, tmp_path, b"[]", suffix) for suffix in (".json", ".txt", ".json")}
    assert [one.name[64:] for one in store.objects()] == [".json", ".txt"]
    assert {one.sha256 for one in store.objects()} == shas
    assert {one.bytes for one in store.objects()} == {2}


def test_many_threads_may_store_the_same_bytes_at_once(store: Store, tmp_path: Path) -> None:
    paths = [tmp_path / f"file{index}" for index in range(8)]
    for path in paths:
        path.write_bytes(b"x" * 100_000)
    with ThreadPoolExecutor(8) as pool:
        assets = set(pool.map(lambda path: store.put(path, suffix=".wav"), paths))
    assert len(assets) == len(list(store.objects())) == 1
    assert store.verify(assets.pop(), rehash=True)


def test_changed_bytes_are_noticed_set_aside_and_made_good(studio: Studio) -> None:
    asset = studio.put(b"sound")
    studio.spoil(b"sound", b"soUnd")
    assert not studio.store.verify(asset, rehash=True)
    studio.store.set_aside(asset)
    assert not studio.store.holds(asset)
    assert studio.put(b"sound") == asset
    assert studio.store.verify(asset, rehash=True)


@pytest.mark.parametrize("content", [b"", b"soun", b"sound and more"])
def test_torn_bytes_are_noticed_without_reading_them(studio: Studio, content: bytes) -> None:
    asset = studio.put(b"sound")
    studio.spoil(b"sound", content)
    assert not studio.store.verify(asset)


def test_what_is_not_there_is_not_there(studio: Studio) -> None:
    asset = studio.put(b"gone")
    studio.lose(b"gone")
    assert not studio.store.verify(asset)
    assert not studio.store.holds(asset)
    studio.store.set_aside(asset)


def test_a_removed_object_is_gone(studio: Studio) -> None:
    studio.put(b"kept")
    asset = studio.put(b"removed")
    (found,) = (one for one in studio.store.objects() if one.sha256 == asset.sha256)
    assert studio.store.remove(found)
    assert not studio.store.verify(asset)
    assert studio.contents() == {b"kept"}


def test_a_file_outside_the_store_is_lent_from_where_it_lies(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a master, 100 % \u00fcber.mov"
    path.write_bytes(b"master")
    asset = stored(hashlib.sha256(b"master").hexdigest(), 6, ".mov")
    outside = type(asset)(asset.sha256, asset.bytes, asset.suffix, path.as_uri())
    with store.lend(outside) as lent:
        assert lent == path
    assert store.verify(outside)
    path.write_bytes(b"MASTER")
    assert not store.verify(outside)


def test_a_store_that_works_says_so_and_keeps_nothing_of_the_question(store: Store) -> None:
    store.check()
    assert list(store.objects()) == []


@pytest.mark.parametrize("place", ["ftp://host/store", "s3://", "s3://key:secret@films/store"])
def test_a_place_that_can_be_no_store_is_refused_without_its_secrets(place: str, tmp_path: Path) -> None:
    with pytest.raises(DbError) as error:
        open_store(place, cache=tmp_path / "cache", cache_limit=1)
    assert "secret" not in str(error.value)
    assert error.value.exit_code == 5
