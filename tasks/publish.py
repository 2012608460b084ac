"""Put finished files where the studio looks for them: whole or not at all, and never over an approved one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from db.assets import hash_file
from dubline.errors import Cancelled, EnvironmentFault
from tasks import cancel
from tasks.context import Means, means
from tasks.scratch import scratch_folder, sweep

_WORK_FOLDER = ".dubline-publishing"


@dataclass(frozen=True, slots=True)
class Publication:
    """One file to publish: its place under the title's folder and the asset it shows.

    ``listing`` is the name of the list of files that this one belongs to, in a folder of their own: that folder is
    approved, and kept, as a whole. The list itself names itself.
    """

    name: str
    sha256: str
    listing: str | None = None


@task(name="publish", task_run_name="publish {folder}", cache_policy=NO_CACHE, persist_result=False)
def publish(
    folder: Path, files: Sequence[Publication], run_id: int | None = None, *, beside: bool = False
) -> dict[str, Path]:
    """Copy assets out of the store to ``folder`` for a run; answers where each name really lies.

    Every copy is written beside its target, hashed, synced, and renamed once all are there. A target that already
    holds the same bytes is left alone. Where an approved deliverable stands under a name, the new one goes
    beside it as a candidate; so does a whole folder of files with one list. A run that was asked to stop, or that has
    lost its title to another, publishes nothing more: raises `Cancelled` or a `DbError`. ``beside`` is as in `places`.
    """
    using = means()
    root = folder / _WORK_FOLDER
    sweep(root)
    targets = places(folder, files, beside=beside)
    with ThreadPoolExecutor() as pool:
        held = pool.map(lambda file: _holds(targets[file.name], file.sha256), files)
        missing = [file for file, there in zip(files, held, strict=True) if not there]
    try:
        with scratch_folder(root, mend="give --out a writable folder") as work:
            _room_for(missing, folder, using)
            for index, file in enumerate(missing):
                _stop_if_asked(run_id)
                _copy(work / str(index), file, using)
            if run_id is not None:
                using.catalog.require_running(run_id)
            for index, file in enumerate(missing):
                _stop_if_asked(run_id)
                targets[file.name].parent.mkdir(parents=True, exist_ok=True)
                (work / str(index)).replace(targets[file.name])
    finally:
        if root.is_dir() and not any(root.iterdir()):
            root.rmdir()
    return targets


def leave_only(folder: Path, kept: Collection[Path]) -> None:
    """Take files out of ``folder``, one that only dubline writes to, which are not among ``kept``: an earlier run's."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and path not in kept:
            path.unlink()


def _stop_if_asked(run_id: int | None) -> None:
    if cancel.requested(run_id):
        raise Cancelled("stopped on request", "publishing", "run it again")


def places(folder: Path, files: Sequence[Publication], *, beside: bool) -> dict[str, Path]:
    """Where each of ``files`` will lie under ``folder``: under its name, or next to it as a candidate, named by its
    hash, where an approved deliverable stands under that name, or, with ``beside``, any other file.
    """
    using, hashes = means(), {file.name: file.sha256 for file in files}
    return {file.name: _target(folder, file, hashes, using, beside=beside) for file in files}


def _target(folder: Path, file: Publication, hashes: Mapping[str, str], using: Means, *, beside: bool) -> Path:
    path = folder / file.name
    known = folder / (file.listing or file.name)
    sha256 = hashes[file.listing or file.name]
    if not (known.exists() and (beside or using.catalog.is_approved(known)) and not _holds(known, sha256)):
        return path
    mark = f".candidate-{sha256[:8]}"
    if file.listing is not None:
        return path.parent.with_name(path.parent.name + mark) / path.name
    return path.with_name(f"{path.stem}{mark}{path.suffix}")


def _holds(path: Path, sha256: str) -> bool:
    return path.is_file() and hash_file(path) == sha256


def _room_for(files: Sequence[Publication], folder: Path, using: Means) -> None:
    needed = sum(using.catalog.asset(file.sha256).bytes for file in files)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise EnvironmentFault(
            f"{needed / 2**20:.0f} MiB to publish and {free / 2**20:.0f} MiB free", str(folder), "free space"
        )


def _copy(path: Path, file: Publication, using: Means) -> None:
    asset = using.catalog.asset(file.sha256)
    with using.store.lend(asset) as stored:
        shutil.copyfile(stored, path)
    with path.open("rb") as copied:
        os.fsync(copied.fileno())
    if hash_file(path) != file.sha256:
        raise EnvironmentFault("a copy differs from the store's bytes", file.name, "check the disk, then run again")
    path.chmod(0o644)
