"""Take a studio's file into the catalog: named by its hash, left where it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from dubline.errors import BadInput, Cancelled
from dubline.media.files import check_file
from tasks import cancel
from tasks.context import means
from tasks.progress import Reporter

_CHUNK_BYTES = 4 << 20


@task(name="ingest", task_run_name="ingest {subject}", cache_policy=NO_CACHE, persist_result=False)
def ingest(path: Path, subject: str, version_id: int, role: str, language: str | None = None) -> str:
    """The sha256 of the file at ``path``; an unchanged file is not read again."""
    return ingest_file(path, subject, version_id=version_id, role=role, language=language)


def ingest_file(
    path: Path, subject: str = "", *, version_id: int | None = None, role: str = "source", language: str | None = None
) -> str:
    """`ingest` without Prefect; raises `BadInput` for what cannot be read as a file."""
    catalog = means().catalog
    check_file(path)
    state = path.stat()
    fingerprint = (state.st_size, state.st_mtime_ns, state.st_ino)
    reporter = Reporter("ingest", subject)
    reporter.start()
    known = catalog.known_external(path, fingerprint)
    reporter.found = known is not None
    sha256 = known or _hash(path, state.st_size, reporter)
    catalog.register_external(
        path, sha256, state.st_size, fingerprint, version_id=version_id, role=role, language=language
    )
    reporter.finish()
    return sha256


def _hash(path: Path, size: int, reporter: Reporter) -> str:
    digest = hashlib.sha256()
    done = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
                done += len(chunk)
                reporter(done, size)
                if cancel.requested():
                    raise Cancelled("stopped", str(path), "run the order again to go on")
    except OSError as error:
        raise BadInput(f"cannot read the file: {error.strerror}", str(path), "correct its permissions") from error
    return digest.hexdigest()
