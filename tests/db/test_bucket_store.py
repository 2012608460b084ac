"""A bucket far away: bytes are checked on arrival, kept near while they are used, and an outage is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from db.assets import StoredAsset
from db.bucket_store import BucketStore
from db.cache import Cache
from db.errors import DbError
from tests.object_store import Endpoint

Opener = Callable[..., BucketStore]


@pytest.fixture
def opened(far: str, tmp_path: Path) -> Opener:
    """Opens the same place as another machine would: with a cache of its own."""
    return lambda name="here", limit=2**20, **options: BucketStore(far, Cache(tmp_path / name, limit=limit), **options)


def put(store: BucketStore, folder: Path, content: bytes) -> StoredAsset:
    (folder / "file").write_bytes(content)
    return store.put(folder / "file", suffix=".wav")


def read(store: BucketStore, asset: StoredAsset) -> bytes:
    with store.lend(asset) as path:
        return path.read_bytes()


def cached(store: BucketStore) -> set[int]:
    """Sizes of what lies in the cache."""
    return {one.bytes for one in store._cache.folder.objects()}


def test_what_one_machine_stores_another_gets(opened: Opener, tmp_path: Path) -> None:
    asset = put(opened("here"), tmp_path, b"stems")
    there = opened("there")
    assert there.verify(asset)
    assert cached(there) == set()
    assert read(there, asset) == b"stems"
    assert cached(there) == {5}


def test_a_large_object_goes_in_parts_and_comes_back_the_same(opened: Opener, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4096 * 40  # 40 MiB: three parts
    here, there = opened("here", limit=2**28), opened("there", limit=2**28)
    asset = put(here, tmp_path, content)
    assert here._bucket.head(f"objects/{asset.sha256[:2]}/{asset.sha256}.wav")["e_tag"].endswith('-3"')
    assert read(there, asset) == content


def test_what_arrives_changed_is_refused_and_set_aside(opened: Opener, tmp_path: Path) -> None:
    here, there = opened("here"), opened("there")
    asset = put(here, tmp_path, b"sound")
    here._bucket.put(f"objects/{asset.sha256[:2]}/{asset.sha256}.wav", b"soUnd")
    with pytest.raises(DbError, match="stored bytes are corrupt"), there.lend(asset):
        pass
    assert cached(there) == set()
    assert not there.verify(asset)
    assert bytes(there._bucket.get(f"corrupt/{asset.sha256}.wav").bytes()) == b"soUnd"


def test_a_spoiled_copy_is_fetched_again(opened: Opener, tmp_path: Path) -> None:
    store = opened()
    asset = put(store, tmp_path, b"sound")
    with store.lend(asset) as path:
        path.chmod(0o644)
        path.write_bytes(b"soUnd")
    assert read(store, asset) == b"sound"


def test_the_least_recently_used_copy_goes_first(opened: Opener, tmp_path: Path) -> None:
    store = opened(limit=300)
    one, two, three = (put(store, tmp_path, bytes([size]) * size) for size in (100, 101, 99))
    assert cached(store) == {99, 100, 101}
    read(store, one)
    put(store, tmp_path, b"x" * 50)
    assert cached(store) == {100, 99, 50}
    assert read(store, two) == bytes([101]) * 101
    assert sum(cached(store)) <= 300
    assert read(store, three) == bytes([99]) * 99


def test_what_a_running_step_uses_stays_however_full_the_cache(opened: Opener, tmp_path: Path) -> None:
    store, same = opened(limit=200), opened(limit=200)
    one = put(store, tmp_path, b"1" * 150)
    with store.lend(one) as path:
        two = put(same, tmp_path, b"2" * 180)
        assert path.read_bytes() == b"1" * 150
        assert cached(store) == {150, 180}
    put(same, tmp_path, b"3" * 190)
    assert cached(store) == {190}
    assert read(store, two) == b"2" * 180


def test_a_full_cache_is_no_reason_to_send_bytes_that_are_there(opened: Opener, tmp_path: Path) -> None:
    store = opened(limit=10)
    asset = put(store, tmp_path, b"x" * 20)
    (first,) = store.objects()
    assert put(store, tmp_path, b"x" * 20) == asset
    assert list(store.objects()) == [first]


@pytest.fixture
def outage(s3: Endpoint) -> Iterator[Endpoint]:
    s3.stop()
    yield s3
    s3.stop()
    s3.start()


def test_an_outage_is_waited_for(opened: Opener, outage: Endpoint, tmp_path: Path) -> None:
    store = opened()
    back = threading.Timer(2, outage.start)
    back.start()
    asset = put(store, tmp_path, b"stems")
    back.join()
    assert store.verify(asset, rehash=True)


def test_a_service_that_stays_away_is_named_and_is_no_missing_object(
    opened: Opener, outage: Endpoint, tmp_path: Path
) -> None:
    """What cannot be asked is not gone: else a network fault would have everything made anew."""
    store = opened(patience=timedelta(seconds=0.5))
    with pytest.raises(DbError, match="the store does not answer") as error:
        put(store, tmp_path, b"stems")
    assert "\n" not in str(error.value)
    assert store.where in str(error.value)
    with pytest.raises(DbError, match="does not answer"):
        store.verify(StoredAsset("a" * 64, 5, ".wav", "store:"))
    with pytest.raises(DbError, match="does not answer"):
        list(store.objects())


def test_an_endpoint_without_tls_must_be_allowed(far: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    store = BucketStore(far, Cache(tmp_path, limit=1), patience=timedelta(seconds=0.5))
    with pytest.raises(DbError, match="set AWS_ALLOW_HTTP=true"):
        store.check()


def test_a_bucket_that_is_not_there_is_named(s3: Endpoint, far: str, tmp_path: Path) -> None:
    store = BucketStore("s3://nowhere/x", Cache(tmp_path, limit=1), patience=timedelta(seconds=0.5))
    with pytest.raises(DbError, match="s3://nowhere/x"):
        store.check()
    with pytest.raises(DbError, match="s3://nowhere/x"):
        list(store.objects())
