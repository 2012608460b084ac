"""Files outside the store are known as long as they stay as they were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from db.assets import Fingerprint
from db.errors import NotFound

if TYPE_CHECKING:
    from conftest import Studio


def test_an_unchanged_master_is_not_hashed_again(studio: Studio) -> None:
    sha256 = studio.master(b"master")
    path = studio.folder / "master.mov"
    assert studio.catalog.known_external(path, Fingerprint.of(path)) == sha256


def test_a_master_touched_grown_or_replaced_is_hashed_again(studio: Studio) -> None:
    studio.master(b"master")
    path = studio.folder / "master.mov"
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert studio.catalog.known_external(path, Fingerprint.of(path)) is None
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert studio.catalog.known_external(path, Fingerprint.of(path)) is not None
    other = studio.write("other.mov", b"MASTER")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert studio.catalog.known_external(path, Fingerprint.of(path)) is None


def test_a_file_never_seen_is_unknown(studio: Studio) -> None:
    path = studio.write("new.mov", b"new")
    assert studio.catalog.known_external(path, Fingerprint.of(path)) is None


def test_a_master_is_found_by_any_way_to_it(studio: Studio) -> None:
    sha256 = studio.master(b"master", name="masters/master.mov")
    (studio.folder / "link").symlink_to(studio.folder / "masters")
    path = studio.folder / "link" / ".." / "masters" / "master.mov"
    assert studio.catalog.known_external(path, Fingerprint.of(path)) == sha256


def test_a_file_replaced_by_other_bytes_is_another_asset(studio: Studio) -> None:
    first = studio.master(b"first cut")
    second = studio.master(b"second cut")
    assert first != second
    path = studio.folder / "master.mov"
    assert studio.catalog.known_external(path, Fingerprint.of(path)) == second
    assert studio.store.verify(studio.catalog.asset(second))
    assert not studio.store.verify(studio.catalog.asset(first))


def test_an_asset_outside_the_store_is_found_where_it_still_lies(studio: Studio) -> None:
    studio.master(b"same", name="one.mov")
    sha256 = studio.master(b"same", name="two.mov")
    (studio.folder / "one.mov").unlink()
    with studio.store.lend(studio.catalog.asset(sha256)) as path:
        assert path == studio.folder / "two.mov"


def test_an_unknown_hash_is_named(studio: Studio) -> None:
    with pytest.raises(NotFound, match="no such asset"):
        studio.catalog.asset("f" * 64)
