"""A folder keeps bytes whole, once, under their hash, whatever its disk and its users do."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.errors import DbError
from db.folder_store import FolderStore

PUT = """
import sys
from pathlib import Path
from db.folder_store import FolderStore
FolderStore(Path(sys.argv[1])).put(Path(sys.argv[2]), suffix=".wav", move=False)
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def files_of(store: FolderStore) -> list[Path]:
    return [path for path in (store.root / "objects").rglob("*") if path.is_file()]


def incoming_of(store: FolderStore) -> list[Path]:
    return list((store.root / "incoming").iterdir())


def test_an_object_cannot_be_written_to(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    asset = store.put(tmp_path / "file", suffix=".wav")
    assert store.path(asset).stat().st_mode & 0o777 == 0o444


def test_a_corrupt_object_is_noticed_and_replaced(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"sound")
    asset = store.put(tmp_path / "file", suffix=".wav", move=False)
    spoil(store.path(asset), b"soUnd")
    assert not store.verify(asset)
    assert store.put(tmp_path / "file", suffix=".wav", move=False) == asset
    assert store.path(asset).read_bytes() == b"sound"
    assert store.verify(asset)


def test_unchanged_bytes_are_not_read_again_unless_asked(store: FolderStore, tmp_path: Path) -> None:
    """Bit rot leaves size, time and inode as they were: only a rehash sees it."""
    (tmp_path / "file").write_bytes(b"sound")
    asset = store.put(tmp_path / "file", suffix=".wav")
    path = store.path(asset)
    before = path.stat()
    spoil(path, b"soUnd")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.verify(asset)
    assert not store.verify(asset, rehash=True)


def test_a_store_whose_disk_is_away_is_neither_empty_nor_begun_anew(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    asset = store.put(tmp_path / "file", suffix=".wav", move=False)
    away = store.root.rename(tmp_path / "away")
    attempts: list[Callable[[], object]] = [
        lambda: store.verify(asset),
        lambda: store.holds(asset),
        lambda: store.lend(asset),
        lambda: list(store.objects()),
        lambda: store.put(tmp_path / "file", suffix=".wav", move=False),
        lambda: FolderStore(store.root, begin=False),
    ]
    for attempt in attempts:
        with pytest.raises(DbError, match="the store is not there"):
            attempt()
    assert not store.root.exists()
    away.rename(store.root)
    assert store.verify(asset)


def test_a_lost_note_costs_a_hash_and_no_more(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"sound")
    asset = store.put(tmp_path / "file", suffix=".wav")
    for note in (store.root / "seen").rglob("*.wav"):
        note.write_text("torn")
    assert store.verify(asset)
    assert [note.read_text() for note in (store.root / "seen").rglob("*.wav")] != ["torn"]


def test_an_object_given_back_stays_where_it_is(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"passed through")
    asset = store.put(tmp_path / "file", suffix=".wav")
    link = tmp_path / "link"
    link.symlink_to(store.path(asset))
    assert store.put(store.path(asset), suffix=".wav") == asset
    assert store.put(link, suffix=".wav") == asset
    assert store.path(asset).read_bytes() == b"passed through"


def test_a_file_with_two_names_is_copied_not_taken(store: FolderStore, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"shared")
    os.link(mine, tmp_path / "other")
    asset = store.put(tmp_path / "other", suffix=".wav")
    mine.write_bytes(b"changed by its owner")
    assert store.path(asset).read_bytes() == b"shared"


def test_killed_while_storing_leaves_no_object(
    store: FolderStore, tmp_path: Path, python: Callable[..., subprocess.Popen[str]]
) -> None:
    """SIGKILL between the first block and the last: nothing has the object's name, and the next to open clears up."""
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(2 * 2**30)  # sparse: it takes seconds to read and no room
    process = python(PUT, store.root, big)
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size for path in incoming_of(store)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert files_of(store) == []
    assert incoming_of(store)
    FolderStore(store.root)
    assert not incoming_of(store)


def test_what_a_living_process_is_writing_is_left_alone(store: FolderStore) -> None:
    with store._arrival() as arrival:
        arrival.write_bytes(b"half")
        FolderStore(store.root)
        assert arrival.exists()


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(store: FolderStore, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(DbError, match="disk is full: 100000 bytes are needed") as error:
            store.put(path, suffix=".wav", move=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert error.value.exit_code == 5
    assert str(store.root) in str(error.value)
    assert not files_of(store)
    assert not incoming_of(store)
    assert path.exists()


def test_a_store_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DbError, match="cannot be a folder"):
        FolderStore(tmp_path / "file" / "store")


def test_an_unreadable_source_is_not_the_stores_fault(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.put(tmp_path / "absent", suffix=".wav")


def spoil(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)
