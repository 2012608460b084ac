"""The files of a delivery: what each is called, where it lies under the title's folder, and what it hashes to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from dubline.media import containers
from flows.languages import Deliverable, roles_of
from flows.naming import LISTING_SUFFIX
from tasks.checksums import checksums
from tasks.context import means
from tasks.publish import Publication
from tasks.step import Pending, RunRef, StepResult


@dataclass(frozen=True, slots=True)
class Packed:
    """One deliverable, or the stems, ready to be published.

    ``path`` and ``sha256`` are those of its only file; for a set of channels those of the list of its files, whose
    hash changes when any of them does. ``made_by`` is the step whose output that is.
    """

    path: str
    sha256: str
    files: tuple[dict[str, Any], ...]
    publications: tuple[Publication, ...]
    made_by: StepResult


def pack_deliverables(run: RunRef, made: Sequence[Deliverable]) -> dict[Deliverable, Packed]:
    """Every deliverable with its files weighed and hashed; waits for what writes them."""
    weighed = {item: _weigh(run, item.stem, item.written, roles_of(item.channels), _file_names(item)) for item in made}
    return {item: _packed(item, pending.result()) for item, pending in weighed.items()}


def final_output(run: RunRef, item: Deliverable) -> tuple[Pending, str]:
    """The step and its output that a deliverable is known by: its only file, or the list of its channels' files."""
    if not item.channels:
        return item.written, "deliverable"
    return _weigh(run, item.stem, item.written, roles_of(item.channels), _file_names(item)), "listing"


def pack_stems(run: RunRef, package: Pending, names: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """The title's stems, ``names`` (under the title's folder) by role: path, size and hashes of each."""
    paths = list(names.values())
    weighed = _weigh(run, "stems", package, tuple(names), [PurePosixPath(path).name for path in paths])
    return _described(weighed.result(), paths)


def _weigh(run: RunRef, subject: str, written: Pending, roles: Sequence[str], names: Sequence[str]) -> Pending:
    return checksums.submit(run, subject, files=[written[role] for role in roles], names=list(names))


def _file_names(item: Deliverable) -> list[str]:
    suffix = containers.container(item.row.container).suffix
    return [f"{item.stem}.{channel}{suffix}" for channel in item.channels] or [f"{item.stem}{suffix}"]


def _packed(item: Deliverable, weighed: StepResult) -> Packed:
    names = _file_names(item)
    if not item.channels:
        path, sha256 = f"{item.language}/{names[0]}", item.written.result()["deliverable"]
        files = _described(weighed, [path])
        return Packed(path, sha256, files, (Publication(path, sha256),), item.written.result())
    folder = f"{item.language}/{item.stem}"
    listing, sha256 = f"{folder}/{item.stem}{LISTING_SUFFIX}", weighed["listing"]
    described = _described(weighed, [f"{folder}/{name}" for name in names])
    files = tuple({**file, "channel": channel} for file, channel in zip(described, item.channels, strict=True))
    members = (Publication(file["path"], file["sha256"], listing) for file in files)
    return Packed(listing, sha256, files, (*members, Publication(listing, sha256, listing)), weighed)


def _described(weighed: StepResult, paths: Sequence[str]) -> tuple[dict[str, Any], ...]:
    using = means()
    with using.store.lend(using.catalog.asset(weighed["digests"])) as kept:
        digests = json.loads(kept.read_text(encoding="utf-8"))
    return tuple(
        {"path": path, "bytes": item["bytes"], "sha256": item["sha256"], "md5": item["md5"]}
        for path, item in zip(paths, digests, strict=True)
    )
